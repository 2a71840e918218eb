import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtPath, type ToolName, toolVersions } from './find-tool.ts'

/** A tool could not be had; the message says what was tried and what to do. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
}

export interface BuildOptions {
  /** Folder that built tools are kept in. */
  readonly folder: string
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Builds the pinned version with the Go of this machine, from the sources that `modules/<tool>/go.sum` names by hash. Takes
 * one to three minutes and a gigabyte of disk, which is given back. Resolves to the path. An existing build stays as it is
 * until the new one is whole.
 */
export async function buildTool(tool: ToolName, { folder, progress, signal }: BuildOptions): Promise<string> {
  await mkdir(folder, { recursive: true })
  const work = await mkdtemp(join(tmpdir(), `everyhop-build-${tool}-`))
  const target = builtPath(tool, folder)
  const partial = `${target}.${process.pid}.partial`
  try {
    // A copy: the program's own folder may be read-only, and go writes beside go.mod.
    await cp(join(import.meta.dirname, 'modules', tool), join(work, 'source'), { recursive: true })
    progress(`Building ${tool} ${toolVersions[tool].pinned} with Go`)
    await go(
      ['build', '-trimpath', `-ldflags=${linkFlags(tool)}`, '-o', partial, toolVersions[tool].module],
      join(work, 'source'),
      {
        GOCACHE: join(work, 'cache'),
        GOMODCACHE: join(work, 'modules'),
        // `readonly`: go.mod and go.sum are the only truth about what is built.
        GOFLAGS: '-mod=readonly -buildvcs=false -modcacherw',
        GOWORK: 'off',
        CGO_ENABLED: '0',
      },
      { progress, signal },
    )
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

function go(
  words: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>>,
  { progress, signal }: Pick<BuildOptions, 'progress' | 'signal'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // The environment is the user's: the module proxy and the certificates that Go needs here are told by it.
    const child = spawn('go', words, {
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
        : reason.message
      reject(new ToolFailure(message))
    })
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new ToolFailure(`"go ${words[0] ?? ''}" ended with ${code ?? 'a signal'}: ${said.trim()}`))
    })
  })
}

export async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
