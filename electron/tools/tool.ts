export type ToolName = 'opa' | 'regal'
export const toolNames = ['opa', 'regal'] as const satisfies readonly ToolName[]

/** The version that is built, packaged, downloaded and tested, and the oldest that speaks what we ask. */
export const toolVersions: Readonly<
  Record<ToolName, { readonly pinned: string; readonly oldest: string; readonly module: string }>
> = {
  opa: { pinned: '1.19.1', oldest: '1.0.0', module: 'github.com/open-policy-agent/opa' },
  regal: { pinned: '0.42.0', oldest: '0.30.0', module: 'github.com/open-policy-agent/regal' },
}

/** Both are under it, with what is linked into them under licences as permissive; `package-tools.ts` lists all of these. */
export const toolLicence = 'Apache-2.0'

/** A tool could not be had; the message says what was tried and what to do. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
}

/** What a person types to have the tool on PATH. */
export function installCommand(tool: ToolName): string {
  const { module, pinned } = toolVersions[tool]
  return `go install ${module}@v${pinned}`
}

export const programSuffix = process.platform === 'win32' ? '.exe' : ''
