import type { ToolRelease, ToolState } from '../../shared/contract/policy.ts'
import { Failure } from '../core/failure.ts'
import type { Log } from '../core/ports.ts'
import { buildTool } from '../tools/build-tool.ts'
import { downloadTool } from '../tools/download-tool.ts'
import { type FoundTool, findTool, hasGo, type MissingTool, type ToolPlaces } from '../tools/find-tool.ts'
import { type OpaCommand, opaCommand } from '../tools/opa-command.ts'
import { targetName } from '../tools/packaged-tools.ts'
import { createVersionReader } from '../tools/program-version.ts'
import { publishedSha256, type Release, releaseOf } from '../tools/release.ts'
import { installCommand, ToolFailure, type ToolName, toolLicence, toolNames, toolVersions } from '../tools/tool.ts'

/** opa and regal as they are on this machine now, and ways to get them. */
export interface Tools {
  states(): Promise<readonly ToolState[]>
  /** What would be downloaded, with its SHA-256 as its publisher tells it now. Rejects with a `Failure`. */
  release(tool: ToolName): Promise<ToolRelease>
  /** Begins it; the state says how it goes on. `sha256` is the one that `release` told and somebody said yes to. */
  get(tool: ToolName, how: 'build' | 'download', sha256: string | null): Promise<ToolState>
  /** Rejects with `not-found` and how to get it. */
  opa(): Promise<OpaCommand>
  /** null: it is not there. */
  regal(): Promise<string | null>
  /** Stops what is under way; resolves when nothing of that is left on the disk. */
  close(): Promise<void>
}

/** How tools are got; tests bring their own. */
export interface ToolWays {
  readonly build: typeof buildTool
  readonly download: typeof downloadTool
  readonly sha256: typeof publishedSha256
  readonly releaseOf: (tool: ToolName) => Release | null
}

const realWays: ToolWays = {
  build: buildTool,
  download: downloadTool,
  sha256: publishedSha256,
  releaseOf: (tool) => releaseOf(tool, targetName()),
}

const checksumMs = 30_000

export function createTools(places: () => Promise<ToolPlaces>, log: Log, ways: ToolWays = realWays): Tools {
  const ended = new AbortController()
  const under = new Map<ToolName, { progress: string }>()
  const working = new Set<Promise<void>>()
  const failures = new Map<ToolName, string>()
  /** How many endings there were of each tool's work. */
  const endings = new Map<ToolName, number>()
  const offered = new Map<ToolName, ToolRelease>()
  const read = createVersionReader()

  const find = async (tool: ToolName): Promise<FoundTool | MissingTool> => findTool(tool, await places(), read)

  async function stateOf(tool: ToolName): Promise<ToolState> {
    const where = await places()
    const before = endings.get(tool)
    const [found, isGoThere] = await Promise.all([findTool(tool, where, read), hasGo(where.path)])
    // What ended while it was looked for would be told as neither under way nor there.
    if (endings.get(tool) !== before) return stateOf(tool)
    const common = {
      tool,
      pinned: toolVersions[tool].pinned,
      ways: [
        ...(isGoThere ? (['build'] as const) : []),
        ...(ways.releaseOf(tool) === null ? [] : (['download'] as const)),
      ],
      progress: under.get(tool)?.progress ?? null,
      problem: found.problems.length === 0 ? null : found.problems.join('; '),
      failure: failures.get(tool) ?? null,
    }
    if (!('path' in found)) {
      return { ...common, found: 'missing', version: null, place: null, command: installCommand(tool) }
    }
    return { ...common, found: found.found, version: found.version, place: found.path, command: null }
  }

  function releaseFor(tool: ToolName): Release {
    const release = ways.releaseOf(tool)
    if (release !== null) return release
    throw new Failure(
      'unsupported-version',
      tool,
      `There is no release of ${tool} for this machine (${targetName()}).`,
      `Install it: ${installCommand(tool)}`,
    )
  }

  function begin(tool: ToolName, first: string, work: (progress: (line: string) => void) => Promise<string>): void {
    if (under.has(tool)) return
    const now = { progress: first }
    under.set(tool, now)
    failures.delete(tool)
    const whole = work((line) => {
      now.progress = line
    })
      .then(() => {})
      .catch((reason: unknown) => {
        const words = reason instanceof Error ? reason.message : String(reason)
        log.warn('a tool could not be had', { tool, reason: words.slice(0, 500) })
        failures.set(tool, words.slice(0, 1000))
      })
      .finally(() => {
        under.delete(tool)
        endings.set(tool, (endings.get(tool) ?? 0) + 1)
        working.delete(whole)
      })
    working.add(whole)
  }

  async function build(tool: ToolName): Promise<void> {
    const { built, path } = await places()
    if (!(await hasGo(path))) {
      throw new Failure(
        'not-found',
        'go',
        `Go is not on PATH, so ${tool} cannot be built here.`,
        'Install Go 1.26 or newer, download the release, or install the tool itself.',
      )
    }
    begin(tool, `Building ${tool} ${toolVersions[tool].pinned}`, (progress) =>
      ways.build(tool, { folder: built, progress, signal: ended.signal }),
    )
  }

  async function download(tool: ToolName, sha256: string | null): Promise<void> {
    const release = releaseFor(tool)
    if (sha256 === null || offered.get(tool)?.sha256 !== sha256) {
      throw new Failure(
        'conflict',
        tool,
        `What is to be downloaded was not shown before, or not with this SHA-256.`,
        'Look at the release, then confirm that one.',
      )
    }
    const { built } = await places()
    begin(tool, `Downloading ${tool} ${release.version}`, (progress) =>
      ways.download(release, { folder: built, sha256, progress, signal: ended.signal }),
    )
  }

  return {
    states: () => Promise.all(toolNames.map(stateOf)),
    async release(tool) {
      const release = releaseFor(tool)
      const { version, url, checksums } = release
      try {
        const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(checksumMs)])
        const sha256 = await ways.sha256(release, { signal })
        const told = { tool, version, url, checksums, sha256, licence: toolLicence }
        offered.set(tool, told)
        return told
      } catch (reason) {
        if (!(reason instanceof ToolFailure)) throw reason
        const advice = `Without a way there, install it: ${installCommand(tool)}`
        throw new Failure('unreachable', tool, `The release of ${tool} cannot be looked at. ${reason.message}`, advice)
      }
    },
    async get(tool, how, sha256) {
      if (how === 'build') await build(tool)
      else await download(tool, sha256)
      return stateOf(tool)
    },
    async opa() {
      const found = await find('opa')
      if ('path' in found) return opaCommand(found.path, found.version)
      const { problem, command } = await stateOf('opa')
      throw new Failure(
        'not-found',
        'opa',
        `OPA is not there, and it alone evaluates Rego. ${problem ?? ''}`.trim(),
        `Install it (${command ?? ''}), name it in the settings, or let Everyhop get it: everyhop tools list`,
      )
    },
    async regal() {
      const found = await find('regal')
      return 'path' in found ? found.path : null
    },
    async close() {
      ended.abort()
      await Promise.all(working)
    },
  }
}
