import { unpackTar } from 'modern-tar'

/** A file of an archive. */
export interface TarFile {
  /** Without `./` or `/` before it. */
  readonly name: string
  readonly data: Uint8Array
}

/**
 * Files of these names in a tar, in order; what else has such a name (a link, a folder) is none. Rejects where it is no whole tar, or
 * where a header is not what its checksum says: another program might read it otherwise. Nothing but what was asked for is copied.
 */
export async function tarFiles(tar: Uint8Array, names: readonly string[]): Promise<readonly TarFile[]> {
  const entries = await unpackTar(tar, {
    strict: true,
    filter: ({ name, type }) => (type === undefined || type === 'file') && names.includes(plain(name)),
  })
  return entries.map(({ header, data = new Uint8Array() }) => ({ name: plain(header.name), data }))
}

function plain(name: string): string {
  return name.replace(/^\.?\//, '')
}
