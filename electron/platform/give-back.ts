/**
 * Frees the memory of a buffer that nobody reads or writes any more. The collector counts what lies outside of its heap late: of buffers
 * of some hundred kB, one after the other, it lets 60 MB stand. One that shares its memory with others, or does not reach to its end, so that more
 * may be written behind it, is left to the collector.
 */
export function giveBack(buffer: Buffer): void {
  const { buffer: memory, byteOffset, byteLength } = buffer
  if (!(memory instanceof ArrayBuffer) || memory.byteLength <= Buffer.poolSize) return
  if (byteOffset + byteLength === memory.byteLength) memory.transfer(0)
}
