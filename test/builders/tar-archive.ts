import { gzipSync } from 'node:zlib'

/** A gzipped tar with these files, as OPA packs a bundle. */
export function tarArchive(files: Readonly<Record<string, string>>): Uint8Array {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const header = Buffer.alloc(512)
    header.write(name)
    header.write(`${Buffer.byteLength(text).toString(8).padStart(11, '0')}\0`, 124)
    header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148)
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512)
    body.write(text)
    return [header, body]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

/** Of a header whose place for it is empty yet: it counts as eight spaces. */
function checksum(header: Buffer): number {
  return header.reduce((sum, byte) => sum + byte, 8 * 0x20)
}
