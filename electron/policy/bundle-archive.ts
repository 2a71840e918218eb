import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { createTarDecoder } from 'modern-tar'
import { z } from 'zod'
import type { PolicyFile } from '../../shared/domain/model/policy.ts'

/**
 * An OPA bundle as read from its bytes: a gzipped tar of `.rego`, `data.json|yaml`, `.manifest` and `.signatures.json`.
 * Source: OPA's documentation of bundles. Everything in it is hostile until read.
 */
export interface BundleArchive {
  /** SHA-256 of the bytes, hexadecimal. */
  readonly digest: string
  /** From the manifest; empty: it names none. */
  readonly revision: string
  readonly roots: readonly string[]
  /** The rest of the manifest as it is, such as `metadata` and `rego_version`. */
  readonly manifest: Manifest
  /** Without the manifest and the signatures, by path without a leading slash. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The JWT of `.signatures.json`; null: it is not signed. */
  readonly signature: string | null
  /** What was left out and why; such a bundle is shown, and never published again. */
  readonly problems: readonly string[]
}

/** Members of a manifest besides revision and roots. */
export type Manifest = Readonly<Record<string, unknown>>

/** The bytes are no bundle, or one that must not be read on: too large, too many files. */
export class BundleFailure extends Error {
  override readonly name = 'BundleFailure'
}

export interface BundleLimits {
  readonly bytes: number
  /** Of all files together, uncompressed: what a small archive may blow up to. */
  readonly contentBytes: number
  readonly files: number
}

export const bundleLimits: BundleLimits = { bytes: 256 * 1024 ** 2, contentBytes: 512 * 1024 ** 2, files: 20_000 }

const manifestSchema = z.looseObject({
  revision: z.string().max(500).default(''),
  roots: z.array(z.string()).default(['']),
})
const signaturesSchema = z.looseObject({ signatures: z.array(z.string()).min(1) })

/** Rejects with `BundleFailure`. */
export async function readBundle(bytes: Uint8Array, limits = bundleLimits): Promise<BundleArchive> {
  if (bytes.length > limits.bytes) throw new BundleFailure(`the bundle is larger than ${megabytes(limits.bytes)}`)
  const tar = await unzipped(bytes, limits.contentBytes)
  const files = new Map<string, Uint8Array>()
  const problems: string[] = []
  try {
    const entries = new Blob([tar as Uint8Array<ArrayBuffer>]).stream().pipeThrough(createTarDecoder({ strict: true }))
    for await (const { header, body } of entries) {
      const refusal = header.type === 'directory' ? '' : refusedName(header.name, header.type, files)
      if (refusal !== null) {
        await body.cancel()
        if (refusal !== '') problems.push(refusal)
        continue
      }
      if (files.size >= limits.files) throw new BundleFailure(`the bundle has more than ${limits.files} files`)
      files.set(inside(header.name), new Uint8Array(await new Response(body).arrayBuffer()))
    }
  } catch (reason) {
    if (reason instanceof BundleFailure) throw reason
    throw new BundleFailure(
      `the bundle is no whole tar archive: ${reason instanceof Error ? reason.message : String(reason)}`,
    )
  }
  const manifest = manifestSchema.safeParse(jsonOf(files.get('.manifest'), '{}'))
  if (!manifest.success) problems.push('.manifest is not understood: its revision and roots are not known')
  const signatures = signaturesSchema.safeParse(jsonOf(files.get('.signatures.json'), 'null'))
  if (files.has('.signatures.json') && !signatures.success) problems.push('.signatures.json is not understood')
  files.delete('.manifest')
  files.delete('.signatures.json')
  const { revision, roots, ...rest } = manifest.success ? manifest.data : { revision: '', roots: [] }
  return {
    digest: digestOf(bytes),
    revision,
    roots,
    manifest: rest,
    files,
    signature: signatures.success ? (signatures.data.signatures[0] ?? null) : null,
    problems,
  }
}

/** SHA-256, hexadecimal. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What the workbench lists of a file. */
export function policyFileOf(path: string, bytes: number): PolicyFile {
  return { path, kind: kindOf(path), bytes }
}

function kindOf(path: string): PolicyFile['kind'] {
  if (path.endsWith('_test.rego')) return 'rego-test'
  if (path.endsWith('.rego')) return 'rego'
  if (path.endsWith('.json')) return 'json'
  return /\.ya?ml$/.test(path) ? 'yaml' : 'other'
}

/**
 * Writes the files below a folder that is empty, with their manifest, as `opa --bundle` wants them. The paths were checked when
 * the bundle was read.
 */
export async function writeBundleFolder(
  folder: string,
  { files, roots, manifest }: Pick<BundleArchive, 'files' | 'roots' | 'manifest'>,
): Promise<void> {
  const text = manifestText(roots, manifest)
  if (text !== null) await writeFile(join(folder, '.manifest'), text, { mode: 0o600 })
  for (const [path, content] of files) {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await writeFile(target, content, { mode: 0o600 })
  }
}

/** The manifest that tools read of a folder; the revision is given when it is built. null: OPA needs none. */
export function manifestText(roots: readonly string[], manifest: Manifest): string | null {
  const named = roots.length === 0 || roots.includes('') ? {} : { roots }
  const whole = { ...named, ...manifest }
  return Object.keys(whole).length === 0 ? null : JSON.stringify(whole)
}

/**
 * The files with the manifest as one of them, for differences: without the revision, which differs always, and without
 * `rego_version` 1, which OPA 1 takes for granted and writes into what it builds.
 */
export function withManifest({
  files,
  roots,
  manifest,
}: Pick<BundleArchive, 'files' | 'roots' | 'manifest'>): ReadonlyMap<string, Uint8Array> {
  const { rego_version: version, ...rest } = manifest
  const text = manifestText(roots.toSorted(), version === undefined || version === 1 ? rest : manifest)
  return text === null ? files : new Map([...files, ['.manifest', new TextEncoder().encode(text)]])
}

/** Why a path may not be part of a bundle or a draft, in a sentence; null: it may. */
export function refusedPath(path: string): string | null {
  const shown = JSON.stringify(path.slice(0, 200))
  if (path === '' || path.length > 1024) return `${shown}: the path is empty or too long`
  if (/[\\:]/.test(path) || path.split('').some(isControl))
    return `${shown}: the path has a character that is not allowed`
  const parts = path.split('/')
  if (path.startsWith('/') || parts.some((part) => part === '..' || part === '.' || part === '')) {
    return `${shown}: the path leads out of the bundle, or is not plain`
  }
  return null
}

function refusedName(name: string, type: string | undefined, files: ReadonlyMap<string, unknown>): string | null {
  const shown = JSON.stringify(name.slice(0, 200))
  if (type !== undefined && type !== 'file') return `${shown} is a ${type}, and was not read`
  const path = inside(name)
  const refusal = refusedPath(path)
  if (refusal !== null) return `${refusal}, and was not read`
  if (files.has(path)) return `${shown} is there twice; the first was read`
  // A file where another has a folder cannot be laid out.
  for (const other of files.keys()) {
    if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`))
      return `${shown} is a file and a folder; the first was read`
  }
  return null
}

function isControl(character: string): boolean {
  const code = character.charCodeAt(0)
  return code < 0x20 || code === 0x7f
}

/** OPA writes `/pipeline/authz.rego`; tar writes `./pipeline/authz.rego`. One of the two, once. */
function inside(name: string): string {
  return name.replace(/^(\.\/|\/)/, '')
}

const unzip = promisify(gunzip)

async function unzipped(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw new BundleFailure('the bytes are no bundle: not gzip')
  try {
    return await unzip(bytes, { maxOutputLength: limit })
  } catch (reason) {
    const code = reason instanceof Error && 'code' in reason ? reason.code : ''
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new BundleFailure(`the bundle unpacks to more than ${megabytes(limit)}`)
    throw new BundleFailure(
      `the bundle cannot be unpacked: ${reason instanceof Error ? reason.message : String(reason)}`,
    )
  }
}

function jsonOf(content: Uint8Array | undefined, otherwise: string): unknown {
  try {
    return JSON.parse(content === undefined ? otherwise : new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch {
    return Symbol('not JSON') // fits no schema
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`
}
