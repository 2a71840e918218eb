import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { runLimited } from './limited-process.ts'

export type ToolName = 'opa' | 'regal'

/** The version that is built, packaged and tested, and the oldest that speaks what we ask. */
export const toolVersions: Readonly<
  Record<ToolName, { readonly pinned: string; readonly oldest: string; readonly module: string }>
> = {
  opa: { pinned: '1.19.1', oldest: '1.0.0', module: 'github.com/open-policy-agent/opa' },
  regal: { pinned: '0.42.0', oldest: '0.30.0', module: 'github.com/open-policy-agent/regal' },
}

export interface ToolPlaces {
  /** Paths that the settings name. */
  readonly configured: Readonly<Partial<Record<ToolName, string>>>
  /** The value of PATH. */
  readonly path: string
  /** Folder that the installed application brings its tools in; null: it brings none. */
  readonly packaged: string | null
  /** Folder that built tools are put into. */
  readonly built: string
}

export interface FoundTool {
  readonly tool: ToolName
  readonly path: string
  readonly version: string
  readonly found: 'configured' | 'path' | 'packaged' | 'built'
}

export interface MissingTool {
  readonly tool: ToolName
  /** What was looked at and could not be used, in sentences; empty: nothing was there. */
  readonly problems: readonly string[]
}

const versionLimits = { timeoutMs: 10_000, memoryBytes: 1024 ** 3, outputBytes: 64 * 1024 }

/** The first that is there and new enough: configured, on PATH, packaged, built. A configured one that fails hides no other. */
export async function findTool(tool: ToolName, places: ToolPlaces): Promise<FoundTool | MissingTool> {
  const problems: string[] = []
  for (const { path, found } of candidates(tool, places)) {
    if (!(await isExecutable(path))) {
      if (found === 'configured') problems.push(`${path}, which the settings name, is no program that can be started`)
      continue
    }
    const version = await versionOf(tool, path)
    if (typeof version !== 'string') problems.push(`${path}: ${version.problem}`)
    else if (isOlder(version, toolVersions[tool].oldest)) {
      problems.push(`${path} is ${version}; ${toolVersions[tool].oldest} or newer is needed`)
    } else return { tool, path, version, found }
  }
  return { tool, problems }
}

function candidates(tool: ToolName, places: ToolPlaces): readonly Pick<FoundTool, 'path' | 'found'>[] {
  const file = fileName(tool)
  const configured = places.configured[tool]
  return [
    ...(configured === undefined ? [] : [{ path: configured, found: 'configured' as const }]),
    ...places.path
      .split(delimiter)
      // A relative folder on PATH could be anyone's: the working folder may hold a program called opa.
      .filter((folder) => isAbsolute(folder))
      .map((folder) => ({ path: join(folder, file), found: 'path' as const })),
    ...(places.packaged === null ? [] : [{ path: join(places.packaged, file), found: 'packaged' as const }]),
    { path: builtPath(tool, places.built), found: 'built' as const },
  ]
}

/** Where a built tool is put: its version is part of the name, so that another pin is another file. */
export function builtPath(tool: ToolName, folder: string): string {
  return join(folder, `${tool}-${toolVersions[tool].pinned}${process.platform === 'win32' ? '.exe' : ''}`)
}

function fileName(tool: ToolName): string {
  return process.platform === 'win32' ? `${tool}.exe` : tool
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function versionOf(tool: ToolName, path: string): Promise<string | { readonly problem: string }> {
  const run = await runLimited(path, ['version'], versionLimits)
  if (run.ended !== 'exited' || run.code !== 0) {
    const words = run.stderr.trim().split('\n')[0] ?? ''
    return {
      problem: `"${tool} version" ${run.ended === 'exited' ? `ended with ${run.code}` : run.ended} ${words}`.trim(),
    }
  }
  const version = /^Version:\s*v?(\d+\.\d+\.\d+\S*)/m.exec(run.stdout)?.[1]
  return version ?? { problem: 'it does not say its version as OPA and Regal do' }
}

function isOlder(version: string, than: string): boolean {
  const [one, other] = [version, than].map((text) => text.split(/[.-]/).slice(0, 3).map(Number))
  for (let part = 0; part < 3; part += 1) {
    const difference = (one?.[part] ?? 0) - (other?.[part] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
