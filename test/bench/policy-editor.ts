import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import { createLanguage, pageAddress } from '../../electron/policy/language.ts'
import { createParseOpa } from '../../electron/policy/parse-opa.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { ensureRegal } from '../lab/provision/regal.ts'
import { type BenchRow, within } from './row.ts'

const moduleCount = 100
const edits = 20
/** Longer than Everyhop gathers edits for, and than a lint takes: each edit is one question. Milliseconds. */
const betweenMs = 400
const tellMs = 60_000

const published = z.object({
  method: z.literal('textDocument/publishDiagnostics'),
  params: z.object({ diagnostics: z.array(z.object({ message: z.string(), code: z.unknown() })) }),
})
const answer = z.object({ id: z.number() })

/** From an edit to what is said of it, in a bundle of a hundred modules: syntax by OPA, findings by Regal behind the bridge. */
export async function run(): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-bench-'))
  try {
    for (let at = 0; at < moduleCount; at += 1) {
      const place = join(folder, `area${at % 10}`, `rules${at}`)
      await mkdir(place, { recursive: true })
      await writeFile(join(place, `rules${at}.rego`), moduleText(at))
    }
    return [...(await syntax()), ...(await findings(folder))]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function syntax(): Promise<BenchRow[]> {
  const opa = (await ensureBinaries(['opa-envoy'], { log: console.log }))['opa-envoy'].path
  const parser = createParseOpa()
  const never = new AbortController().signal
  const took: number[] = []
  try {
    await parser.problems(opa, 'a.rego', 'package a\n', never)
    for (let at = 0; at < 200; at += 1) {
      const began = performance.now()
      const found = await parser.problems(opa, 'a.rego', `${moduleText(1)}\nbroken${at} :=`, never)
      if (found?.length === 0 || found === null) throw new Error('a text that does not parse was taken')
      took.push(performance.now() - began)
    }
  } finally {
    await parser.close()
  }
  // The page waits 30 ms for the next key before it asks.
  return [within('edit to syntax errors, p95, with the page’s pause of 30 ms', at95(took) + 30, 'ms', 200)]
}

async function findings(folder: string): Promise<BenchRow[]> {
  const regal = await ensureRegal(console.log)
  const language = createLanguage({ regal: async () => regal, folderOf: async () => folder })
  const session = randomUUID()
  const ended = new AbortController()
  const path = 'area0/rules0/rules0.rego'
  const uri = `${pageAddress}/${path}`
  const waiting = new Map<string, () => void>()
  const listening = (async () => {
    for await (const { message } of language.open('bench', session, ended.signal)) {
      const read: unknown = JSON.parse(message)
      if (message.includes('everyhop/started')) waiting.get('started')?.()
      const answered = answer.safeParse(read)
      if (answered.success) waiting.get(`answer ${answered.data.id}`)?.()
      const said = published.safeParse(read)
      if (!said.success) continue
      const isFound = said.data.params.diagnostics.some(({ code }) => code === 'use-assignment-operator')
      waiting.get(isFound ? 'found' : 'clean')?.()
    }
  })()
  const heard = (what: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Regal did not say: ${what}`)), tellMs)
      waiting.set(what, () => {
        clearTimeout(timer)
        waiting.delete(what)
        resolve()
      })
    })
  const tell = (message: object) => language.tell(session, JSON.stringify({ jsonrpc: '2.0', ...message }))
  const took: number[] = []
  try {
    await heard('started')
    const greeted = heard('answer 1')
    await tell({ id: 1, method: 'initialize', params: { processId: null, capabilities: {}, rootUri: null } })
    await greeted
    await tell({ method: 'initialized', params: {} })
    const first = heard('clean')
    const textDocument = { uri, languageId: 'rego', version: 1, text: moduleText(0) }
    await tell({ method: 'textDocument/didOpen', params: { textDocument } })
    await first
    for (let at = 0; at < edits; at += 1) {
      const isBad = at % 2 === 0
      const text = isBad ? `${moduleText(0)}\nlater = ${at}\n` : moduleText(0)
      await new Promise((resolve) => setTimeout(resolve, betweenMs))
      const next = heard(isBad ? 'found' : 'clean')
      const began = performance.now()
      const change = { textDocument: { uri, version: at + 2 }, contentChanges: [{ text }] }
      await tell({ method: 'textDocument/didChange', params: change })
      await next
      took.push(performance.now() - began)
    }
  } finally {
    ended.abort()
    await listening.catch(() => {}) // ending it is an abort
  }
  return [
    within(`edit to Regal’s findings in ${moduleCount} modules, p95`, at95(took), 'ms', 600),
    within(`edit to Regal’s findings in ${moduleCount} modules, median`, at95(took, 0.5), 'ms', 600),
  ]
}

function moduleText(at: number): string {
  const imported = at % 10 === 9 ? '' : `import data.area${(at + 1) % 10}.rules${at + 1}\n\n`
  const used = at % 10 === 9 ? 'true' : `rules${at + 1}.allow`
  return `package area${at % 10}.rules${at}

${imported}default allow := false

allow if {
	input.caller in data.known.callers
	${used}
}

reasons contains "no caller" if not input.caller
`
}

function at95(took: readonly number[], share = 0.95): number {
  const sorted = took.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
