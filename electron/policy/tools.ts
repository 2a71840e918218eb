import type { ToolState } from '../../shared/contract/policy.ts'
import { Failure } from '../core/failure.ts'
import type { Log } from '../core/ports.ts'
import { buildTool } from '../tools/build-tool.ts'
import {
  type FoundTool,
  findTool,
  type MissingTool,
  type ToolName,
  type ToolPlaces,
  toolVersions,
} from '../tools/find-tool.ts'
import { type OpaCommand, opaCommand } from '../tools/opa-command.ts'

/** opa and regal as they are on this machine now, and ways to get them. */
export interface Tools {
  states(): Promise<readonly ToolState[]>
  /** Begins it; the state says how it goes on. */
  get(tool: ToolName, how: 'build' | 'download'): Promise<ToolState>
  /** Rejects with `not-found` and how to get it. */
  opa(): Promise<OpaCommand>
  /** null: it is not there. */
  regal(): Promise<string | null>
  close(): void
}

export function createTools(places: () => Promise<ToolPlaces>, log: Log): Tools {
  const ended = new AbortController()
  const building = new Map<ToolName, { progress: string }>()
  const problems = new Map<ToolName, string>()
  /** A tool that was found is asked for its version once, not for each question. */
  const known = new Map<ToolName, Promise<FoundTool | MissingTool>>()

  async function find(tool: ToolName): Promise<FoundTool | MissingTool> {
    const before = known.get(tool)
    const found = before === undefined ? null : await before
    if (found !== null && 'path' in found) return found
    const looking = places().then((where) => findTool(tool, where))
    known.set(tool, looking)
    return looking
  }

  async function stateOf(tool: ToolName): Promise<ToolState> {
    const found = await find(tool)
    const progress = building.get(tool)?.progress ?? null
    if ('path' in found) {
      return {
        tool,
        found: found.found,
        version: found.version,
        place: found.path,
        command: null,
        progress,
        problem: null,
      }
    }
    const words = [...found.problems, ...(problems.has(tool) ? [problems.get(tool) ?? ''] : [])]
    const { module, pinned } = toolVersions[tool]
    return {
      tool,
      found: 'missing',
      version: null,
      place: null,
      command: tool === 'opa' ? `go install ${module}@v${pinned}` : `go install ${module}@v${pinned}`,
      progress,
      problem: words.length === 0 ? null : words.join('; '),
    }
  }

  return {
    states: () => Promise.all([stateOf('opa'), stateOf('regal')]),
    async get(tool, how) {
      if (how === 'download') {
        throw new Failure(
          'unsupported-version',
          tool,
          `This version of Everyhop downloads no ${tool}.`,
          'Install it, or let Everyhop build it with Go.',
        )
      }
      if (!building.has(tool)) {
        const now = { progress: `Building ${tool} ${toolVersions[tool].pinned}` }
        building.set(tool, now)
        problems.delete(tool)
        const { built } = await places()
        void buildTool(tool, {
          folder: built,
          progress: (line) => {
            now.progress = line
          },
          signal: ended.signal,
        })
          .then(() => known.delete(tool))
          .catch((reason: unknown) => {
            const words = reason instanceof Error ? reason.message : String(reason)
            log.warn('a tool could not be built', { tool, reason: words.slice(0, 500) })
            problems.set(tool, words.slice(0, 1000))
          })
          .finally(() => building.delete(tool))
      }
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
        `Install it (${command ?? ''}), name it in the settings, or let Everyhop build it with Go.`,
      )
    },
    async regal() {
      const found = await find('regal')
      return 'path' in found ? found.path : null
    },
    close: () => ended.abort(),
  }
}
