import type { VerifyStep } from '../../shared/domain/evidence/model.ts'
import { type BuiltPack, buildPack, type Files, type PackEdits } from '../builders/evidence-pack.ts'
import { testKeys } from '../builders/evidence-parts.ts'
import { regularZip } from '../builders/zip.ts'

/** A pack that somebody changed, or made wrongly, and what has to be found: by both verifiers. */
export interface Tampering {
  readonly what: string
  readonly finds: readonly [VerifyStep['step'], string]
  /** Of the verdict; `not-intact`. */
  readonly integrity?: 'not-verifiable'
  zip(): Promise<Buffer> | Buffer
  /** The key that the auditor gives: PEM; the organisation's. */
  readonly key?: () => string
  /** The pack that the auditor gives as the one before. */
  readonly previous?: () => Promise<Buffer>
}

type Finds = Tampering['finds']

export const zipOf = ({ root, files }: BuiltPack): Promise<Buffer> => regularZip(root, files)

/** Somebody without the organisation's key, after the pack was signed. */
export function after(what: string, finds: Finds, change: (files: Files) => void, edits: PackEdits = {}): Tampering {
  return {
    what,
    finds,
    zip() {
      const pack = buildPack(edits)
      change(pack.files)
      return zipOf(pack)
    },
  }
}

/** Whoever makes the pack lies, and signs that with the organisation's key. */
export function before(what: string, finds: Finds, edits: PackEdits, more: Partial<Tampering> = {}): Tampering {
  return { what, finds, zip: () => zipOf(buildPack(edits)), ...more }
}

export function bytesOf(files: Files, path: string): Buffer {
  const bytes = files.get(path)
  if (bytes === undefined) throw new Error(`there is no ${path}`)
  return bytes
}

export function flipBit(bytes: Buffer, at: number, bit = 0): Buffer {
  const flipped = Buffer.from(bytes)
  flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
  return flipped
}

/** One bit in the middle of a file. */
export function flip(path: string, finds: Finds): Tampering {
  return after(`one bit of ${path} is flipped`, finds, (files) => {
    const bytes = bytesOf(files, path)
    files.set(path, flipBit(bytes, Math.floor(bytes.length / 2)))
  })
}

/** Lines of a file, changed. */
export function lines(path: string, change: (lines: string[]) => readonly string[]): (files: Files) => void {
  return (files) => {
    const changed = change(bytesOf(files, path).toString('utf8').split('\n').slice(0, -1))
    files.set(path, Buffer.from(changed.map((line) => `${line}\n`).join('')))
  }
}

export function json(path: string, change: (value: Record<string, unknown>) => void): (files: Files) => void {
  return (files) => {
    const value = JSON.parse(bytesOf(files, path).toString('utf8')) as Record<string, unknown>
    change(value)
    files.set(path, Buffer.from(JSON.stringify(value)))
  }
}

export const organisationKey = (): string => testKeys().organisation.publicPem

export const decisions = 'data/artefacts/08-decisions'
export const sealedFile = `${decisions}/opa-decisions-000011.ndjson`
export const mixedFile = `${decisions}/opa-decisions-000012.ndjson`
export const withheldFile = `${decisions}/withheld-12-opa-decisions.ndjson`
