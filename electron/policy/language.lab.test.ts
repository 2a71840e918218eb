import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { childrenOf } from '../../test/builders/child-processes.ts'
import { ensureRegal } from '../../test/lab/provision/regal.ts'
import { createLanguage, type Language, pageAddress } from './language.ts'

/** What the editor asks, of the real Regal behind the bridge. A first run builds it. */
const buildMs = 10 * 60_000
const patient = { timeout: 60_000, interval: 100 }
const authz = `package pipeline.authz

import data.pipeline.helpers

default allow := false

allow if helpers.is_known(input.caller)

later(caller) := count(caller)
`
const helpers = `package pipeline.helpers

is_known(caller) if caller in {"gateway", "firewall"}
`
const path = 'pipeline/authz.rego'
const uri = `${pageAddress}/${path}`

const messageSchema = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
})
const diagnosticsSchema = z.object({ uri: z.string(), diagnostics: z.array(z.object({ code: z.unknown() })) })

let regal: string
let draft: string
let language: Language

beforeAll(async () => {
  regal = await ensureRegal((line) => console.log(line))
}, buildMs)
beforeEach(async () => {
  draft = await mkdtemp(join(tmpdir(), 'everyhop-language-'))
  await mkdir(join(draft, 'pipeline'))
  await writeFile(join(draft, path), authz)
  await writeFile(join(draft, 'pipeline', 'helpers.rego'), helpers)
  language = createLanguage({ regal: async () => regal, folderOf: async () => draft })
})
afterEach(async () => {
  language.close()
  await rm(draft, { recursive: true, force: true })
})

/** A page that has one file open. */
async function page(text = authz) {
  const session = randomUUID()
  const gone = new AbortController()
  const answers = new Map<string | number, unknown>()
  const codes = new Map<string, readonly unknown[]>()
  let hasStarted = false
  const listening = (async () => {
    for await (const { message } of language.open('draft', session, gone.signal)) {
      const read = messageSchema.parse(JSON.parse(message))
      if (read.method === 'everyhop/started') hasStarted = true
      if (read.id !== undefined && read.method === undefined) answers.set(read.id, read.result)
      if (read.method !== 'textDocument/publishDiagnostics') continue
      const { uri: of, diagnostics } = diagnosticsSchema.parse(read.params)
      codes.set(
        of,
        diagnostics.map(({ code }) => code),
      )
    }
  })()
  listening.catch(() => {}) // who waits for it hears of it
  const tell = (message: object) => language.tell(session, JSON.stringify({ jsonrpc: '2.0', ...message }))
  let count = 0
  let version = 1
  const ask = async (method: string, params: object): Promise<unknown> => {
    count += 1
    const id = count
    await tell({ id, method, params })
    await expect.poll(() => answers.has(id), patient).toBe(true)
    return answers.get(id)
  }
  await expect.poll(() => hasStarted, patient).toBe(true)
  await ask('initialize', { processId: null, capabilities: {}, rootUri: null })
  await tell({ method: 'initialized', params: {} })
  await tell({ method: 'textDocument/didOpen', params: { textDocument: { uri, languageId: 'rego', version, text } } })
  return {
    ask,
    listening,
    codes: () => codes.get(uri) ?? null,
    async at(method: string, line: number, character: number, more: object = {}): Promise<string> {
      const found = await ask(method, { textDocument: { uri }, position: { line, character }, ...more })
      return JSON.stringify(found)
    },
    async edit(contentChanges: readonly object[]) {
      version += 1
      await tell({ method: 'textDocument/didChange', params: { textDocument: { uri, version }, contentChanges } })
    },
    leave: async () => {
      gone.abort()
      await listening.catch(() => {}) // ending it is an abort
    },
  }
}

test('hover, completion, definition and rename answer for what is typed, before it is saved', async () => {
  const on = await page()
  // Regal has read the module when it has linted it.
  await expect.poll(on.codes, patient).not.toBeNull()
  const typed = 'caller_size(caller) := count(caller)\n'
  await on.edit([{ range: { start: { line: 8, character: 0 }, end: { line: 9, character: 0 } }, text: typed }])
  // Of what does not parse Regal knows the former text: it is asked until it has read the newer one.
  await expect.poll(() => on.at('textDocument/hover', 8, 24), patient).toMatch(/count.*number of elements/is)
  await on.edit([
    { range: { start: { line: 9, character: 0 }, end: { line: 9, character: 0 } }, text: '\nmore if helpers.\n' },
  ])
  await expect
    .poll(
      () => on.at('textDocument/completion', 10, 16, { context: { triggerKind: 2, triggerCharacter: '.' } }),
      patient,
    )
    .toContain('is_known')
  await on.edit([{ text: authz }])
  await expect
    .poll(() => on.at('textDocument/definition', 6, 20), patient)
    .toContain(`${pageAddress}/pipeline/helpers.rego`)
  // An argument; rules of several modules Regal does not rename.
  await expect.poll(() => on.at('textDocument/rename', 8, 8, { newName: 'who' }), patient).toContain(uri)
  const renamed = await on.at('textDocument/rename', 8, 8, { newName: 'who' })
  expect(renamed.match(/"newText":"who"/g)).toHaveLength(2)
  expect(await readFile(join(draft, path), 'utf8')).toBe(authz)
  await on.leave()
})

test('what is typed while Regal lints is linted next, and nothing of it is passed over', async () => {
  const on = await page()
  await expect.poll(on.codes, patient).not.toBeNull()
  for (const end of ['l', 'la', 'last', 'last =', 'last = 1', 'last = 1\n'])
    await on.edit([{ text: `${authz}\n${end}` }])
  await expect.poll(on.codes, patient).toContain('use-assignment-operator')
  await on.edit([{ text: authz }])
  await expect.poll(on.codes, patient).not.toContain('use-assignment-operator')
  await on.leave()
})

test('Regal that is killed while one types is told of, takes nothing along, and the next one goes on from what was typed', async () => {
  const first = await page()
  await expect.poll(first.codes, patient).not.toBeNull()
  const typed = `${authz}\nlast = 1\n`
  await first.edit([{ text: typed }])
  const [running] = await childrenOf(process.pid, 'language-server')
  expect(running).toBeDefined()
  process.kill(running ?? 0, 'SIGKILL')
  await expect(first.listening).rejects.toMatchObject({
    code: 'unreachable',
    subject: 'regal',
    message: expect.stringContaining('ended by itself'),
    advice: expect.stringContaining('started again'),
  })
  expect(await readFile(join(draft, path), 'utf8')).toBe(authz)
  // The page tells the next session what it has open, as it is now.
  const next = await page(typed)
  await expect.poll(next.codes, patient).toContain('use-assignment-operator')
  await next.leave()
  await expect.poll(() => childrenOf(process.pid, 'language-server'), patient).toEqual([])
})
