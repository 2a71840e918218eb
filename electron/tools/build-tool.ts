import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Of } from './file-hash.ts'
import { builtPath } from './find-tool.ts'
import { createVersionReader } from './program-version.ts'
import { programSuffix, ToolFailure, type ToolName, toolVersions } from './tool.ts'

export interface BuildOptions {
  /** Folder that built tools are kept in. */
  readonly folder: string
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
  /** For another machine, in Go's words: such as when an application for it is packaged here. */
  readonly target?: { readonly os: string; readonly arch: string }
  /** Program that builds; that on PATH unless said. */
  readonly go?: string
}

/**
 * Builds the pinned version with the Go of this machine, from the sources that `modules/<tool>/go.sum` names by hash. Takes
 * one to three minutes and a gigabyte of disk, which is given back. Resolves to the path. An existing build stays as it is
 * until the new one is whole.
 */
export async function buildTool(tool: ToolName, options: BuildOptions): Promise<string> {
  const { folder, progress, signal, target: machine, go: program = 'go' } = options
  await mkdir(folder, { recursive: true })
  const work = await mkdtemp(join(tmpdir(), `everyhop-build-${tool}-`))
  const target = builtPath(tool, folder)
  const partial = `${target}.${process.pid}.partial${programSuffix}`
  try {
    // A copy: the program's own folder may be read-only, and go writes beside go.mod.
    await cp(join(import.meta.dirname, 'modules', tool), join(work, 'source'), { recursive: true })
    progress(`Building ${tool} ${toolVersions[tool].pinned} with Go`)
    await go(
      program,
      ['build', '-trimpath', `-ldflags=${linkFlags(tool)}`, '-o', partial, toolVersions[tool].module],
      join(work, 'source'),
      {
        GOCACHE: join(work, 'cache'),
        GOMODCACHE: join(work, 'modules'),
        // `readonly`: go.mod and go.sum are the only truth about what is built.
        GOFLAGS: '-mod=readonly -buildvcs=false -modcacherw',
        GOWORK: 'off',
        CGO_ENABLED: '0',
        ...(machine === undefined ? {} : { GOOS: machine.os, GOARCH: machine.arch }),
      },
      { progress, signal },
    )
    // What was built for another machine does not run here.
    if (machine === undefined) await demandPinned(tool, partial)
    await rename(partial, target)
    progress(`${tool} ${toolVersions[tool].pinned} is built, SHA-256 ${await sha256Of(target)}`)
    return target
  } finally {
    await Promise.all([rm(partial, { force: true }), rm(work, { recursive: true, force: true })])
  }
}

/** Both print their version from a variable that releases set; OPA has it in its source as well. */
function linkFlags(tool: ToolName): string {
  const version = toolVersions[tool].pinned
  return tool === 'regal' ? `-s -w -X ${toolVersions.regal.module}/pkg/version.Version=${version}` : '-s -w'
}

async function demandPinned(tool: ToolName, path: string): Promise<void> {
  const version = await createVersionReader()(tool, path)
  if (version === toolVersions[tool].pinned) return
  const found = typeof version === 'string' ? `says that it is ${version}` : version.problem
  throw new ToolFailure(`What was built is not ${tool} ${toolVersions[tool].pinned}: it ${found}.`)
}

function go(
  program: string,
  words: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>>,
  { progress, signal }: Pick<BuildOptions, 'progress' | 'signal'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // The environment is the user's: the module proxy and the certificates that Go needs here are told by it.
    const child = spawn(program, words, {
      cwd,
      env: { ...process.env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part: Buffer) => {
        const text = part.toString('utf8')
        said = `${said}${text}`.slice(-4_000)
        const line = text.trim().split('\n').at(-1)
        if (line !== undefined && line !== '') progress(line.slice(0, 200))
      })
    }
    child.on('error', (reason) => {
      const isMissing = 'code' in reason && reason.code === 'ENOENT'
      const message = isMissing
        ? 'Go is not installed here: install Go 1.26 or newer, or the tool itself.'
        : signal.aborted
          ? 'It was stopped.'
          : reason.message
      reject(new ToolFailure(message))
    })
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new ToolFailure(`"go ${words[0] ?? ''}" ended with ${code ?? 'a signal'}: ${said.trim()}`))
    })
  })
}
