import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { PolicyProblem } from '../../shared/domain/model/policy.ts'
import type { CheckOptions, OpaCommand, TestRun } from '../tools/opa-command.ts'
import { createParseOpa } from './parse-opa.ts'
import type { PolicyParts } from './parts.ts'

/** The input that Envoy's ext_authz filter gives, as JSON Schema: finds misspelt paths such as `input.atributes`. */
export const extAuthzSchema = join(import.meta.dirname, 'schemas', 'envoy-ext-authz-v3.json')

export interface Editing {
  /** The whole draft: what does not parse or compile is an error, what Envoy's input has no place for a warning. */
  check(draft: string, signal: AbortSignal): Promise<readonly PolicyProblem[]>
  /** One text alone, as it is being typed: only whether it parses. */
  checkText(path: string, text: string, signal: AbortSignal): Promise<readonly PolicyProblem[]>
  test(draft: string, signal: AbortSignal): Promise<TestRun>
  close(): Promise<void>
}

export function createEditing(parts: Pick<PolicyParts, 'opa' | 'drafts'>): Editing {
  const parser = createParseOpa()
  return {
    async check(draft, signal) {
      const [opa, { folder }] = await Promise.all([parts.opa(), parts.drafts.folderOf(draft)])
      const check = (options: CheckOptions) =>
        opa.check(folder, options, signal).catch((reason: unknown) => {
          if (signal.aborted) return []
          throw reason
        })
      const errors = await check({})
      if (errors.length > 0 || signal.aborted) return errors
      const warned = await check({ schemas: extAuthzSchema })
      const found = await Promise.all(
        warned.map(async (problem) => ((await hasOtherInput(folder, problem)) ? [] : [problem])),
      )
      return found.flat().map((problem) => ({ ...problem, severity: 'warning' as const }))
    },
    async checkText(path, text, signal) {
      if (!path.endsWith('.rego')) return jsonProblems(path, text)
      const opa = await parts.opa()
      const quickly = await parser.problems(opa.path, path, text, signal)
      // Who typed on waits for the answer to a newer question.
      if (quickly !== null || signal.aborted) return quickly ?? []
      return parseProblems(opa, path, text, signal).catch((reason: unknown) => {
        if (signal.aborted) return []
        throw reason
      })
    },
    async test(draft, signal) {
      const [opa, { folder }] = await Promise.all([parts.opa(), parts.drafts.folderOf(draft)])
      return opa.test(folder, signal)
    },
    close: () => parser.close(),
  }
}

/** OPA gives packages below `system` inputs of their own, such as decision log events to the mask: Envoy's schema is not theirs. */
async function hasOtherInput(folder: string, { path }: PolicyProblem): Promise<boolean> {
  if (path === null) return false
  const text = await readFile(join(folder, path), 'utf8').catch(() => '')
  return /^package\s+system\b/m.test(text)
}

async function parseProblems(
  opa: OpaCommand,
  path: string,
  text: string,
  signal: AbortSignal,
): Promise<readonly PolicyProblem[]> {
  const place = await mkdtemp(join(tmpdir(), 'eh-parse-'))
  try {
    await writeFile(join(place, basename(path)), text, { mode: 0o600 })
    const found = await opa.check(place, {}, signal)
    // Functions of other modules are not there; the check of the whole draft says whether they exist.
    return found.filter(({ code }) => code === 'rego_parse_error').map((problem) => ({ ...problem, path }))
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

function jsonProblems(path: string, text: string): readonly PolicyProblem[] {
  if (!path.endsWith('.json')) return []
  try {
    JSON.parse(text)
    return []
  } catch (reason) {
    const message = reason instanceof Error ? reason.message : String(reason)
    const line = /line (\d+) column (\d+)/.exec(message)
    return [
      {
        by: 'opa',
        severity: 'error',
        code: 'json_parse_error',
        message,
        path,
        row: line === null ? null : Number(line[1]),
        column: line === null ? null : Number(line[2]),
      },
    ]
  }
}
