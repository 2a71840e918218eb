import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { type PackagedTools, packagedTool } from './packaged-tools.ts'
import { createVersionReader, isOlder, type VersionReader } from './program-version.ts'
import { programSuffix, type ToolName, toolVersions } from './tool.ts'

export interface ToolPlaces {
  /** Paths that somebody chose, in order, and by what: `the settings`, `the variable EVERYHOP_OPA`. */
  readonly configured: Readonly<Partial<Record<ToolName, readonly ConfiguredTool[]>>>
  /** The value of PATH. */
  readonly path: string
  /** What the installed application brings; null: it brings none. */
  readonly packaged: PackagedTools | null
  /** Folder that built and downloaded tools are put into. */
  readonly built: string
}

export interface ConfiguredTool {
  readonly path: string
  readonly by: string
}

export interface FoundTool {
  readonly tool: ToolName
  readonly path: string
  readonly version: string
  readonly found: 'configured' | 'path' | 'packaged' | 'built' | 'downloaded'
  /** What was preferred and could not be used, in sentences. */
  readonly problems: readonly string[]
}

export interface MissingTool {
  readonly tool: ToolName
  /** What was looked at and could not be used, in sentences; empty: nothing was there. */
  readonly problems: readonly string[]
}

interface Candidate {
  readonly path: string
  readonly found: FoundTool['found']
  /** Of those that somebody chose: by what. */
  readonly by?: string
}

/**
 * The first that is there and new enough: configured, on PATH, packaged, built, downloaded. A configured one that fails hides no
 * other, and is told. Nothing is started that is packaged and not as it was packaged.
 */
export async function findTool(
  tool: ToolName,
  places: ToolPlaces,
  read: VersionReader = createVersionReader(),
): Promise<FoundTool | MissingTool> {
  const problems: string[] = []
  for (const { path, found, by } of candidates(tool, places)) {
    if (by !== undefined && !isAbsolute(path)) {
      problems.push(`${path}, named by ${by}, is no whole path`)
      continue
    }
    if (!(await isExecutable(path))) {
      if (by !== undefined) problems.push(`${path}, named by ${by}, is no program that can be started`)
      continue
    }
    if (found === 'packaged' && places.packaged !== null) {
      const problem = await packagedTool(tool, places.packaged)
      if (problem !== null) {
        problems.push(problem)
        continue
      }
    }
    const version = await read(tool, path)
    if (typeof version !== 'string') problems.push(`${path}: ${version.problem}`)
    else if (isOlder(version, toolVersions[tool].oldest)) {
      problems.push(`${path} is ${version}; ${toolVersions[tool].oldest} or newer is needed`)
    } else return { tool, path, version, found, problems }
  }
  return { tool, problems }
}

function candidates(tool: ToolName, places: ToolPlaces): readonly Candidate[] {
  const file = `${tool}${programSuffix}`
  return [
    ...(places.configured[tool] ?? []).map((each) => ({ ...each, found: 'configured' as const })),
    ...foldersOf(places.path).map((folder) => ({ path: join(folder, file), found: 'path' as const })),
    ...(places.packaged === null ? [] : [{ path: join(places.packaged.folder, file), found: 'packaged' as const }]),
    { path: builtPath(tool, places.built), found: 'built' as const },
    { path: downloadedPath(tool, places.built), found: 'downloaded' as const },
  ]
}

/** A relative folder on PATH could be anyone's: the working folder may hold a program called opa. */
function foldersOf(path: string): readonly string[] {
  return [...new Set(path.split(delimiter).filter((folder) => isAbsolute(folder)))]
}

/** Where a built tool is put: its version is part of the name, so that another pin is another file. */
export function builtPath(tool: ToolName, folder: string): string {
  return join(folder, `${tool}-${toolVersions[tool].pinned}${programSuffix}`)
}

/** Where a downloaded one is put: beside, so that it is known which of both it is. */
export function downloadedPath(tool: ToolName, folder: string): string {
  return join(folder, `${tool}-${toolVersions[tool].pinned}-release${programSuffix}`)
}

/** Whether there is a Go that could build a tool. */
export async function hasGo(path: string): Promise<boolean> {
  for (const folder of foldersOf(path)) if (await isExecutable(join(folder, `go${programSuffix}`))) return true
  return false
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
