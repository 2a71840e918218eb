import type { ToolRelease, ToolState } from '../contract/policy.ts'

/** What the programs are called. */
export const toolNames: Readonly<Record<ToolState['tool'], string>> = { opa: 'OPA', regal: 'Regal' }

/** Where a tool was found, in a word or two. */
export const toolFoundWords: Readonly<Record<ToolState['found'], string>> = {
  configured: 'as configured',
  path: 'on PATH',
  packaged: 'part of Everyhop',
  built: 'built here',
  downloaded: 'downloaded',
  missing: 'missing',
}

/** What does not work without it. */
const lackWords: Readonly<Record<ToolState['tool'], string>> = {
  opa: 'without it no Rego is checked, tested, simulated or published',
  regal: 'without it OPA alone checks, formats and tests',
}

/** `OPA 1.19.1 is used, on PATH: /usr/bin/opa.` or what is missing, and how to have it. */
export function toolSentence(state: ToolState): string {
  const { tool, found, version, place, command } = state
  const name = toolNames[tool]
  if (found !== 'missing') return `${name} ${version ?? ''} is used, ${toolFoundWords[found]}: ${place ?? ''}.`
  return `${name} is missing: ${lackWords[tool]}. Install it${command === null ? '' : `: ${command}`}`
}

/** What stands beside it: what goes on, what could not be used, what went wrong; empty: nothing. */
export function toolNotes({ tool, progress, problem, failure }: ToolState): readonly string[] {
  return [
    ...(progress === null ? [] : [`${progress}.`]),
    ...(problem === null ? [] : [`Not used: ${problem}.`]),
    ...(failure === null ? [] : [`${toolNames[tool]} could not be had. ${failure}`]),
  ]
}

/** What somebody is asked before a program is downloaded. */
export function releaseSentences({ tool, version, url, sha256, checksums, licence }: ToolRelease): readonly string[] {
  return [
    `${toolNames[tool]} ${version} (${licence}) from ${url}`,
    `Its publisher tells this SHA-256 at ${checksums}:`,
    sha256,
    'What comes is kept only if it has that one. Compare it with what you know from elsewhere.',
  ]
}
