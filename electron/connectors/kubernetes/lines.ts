/** A line is longer than anything that could be understood. */
export class TooLong extends Error {
  constructor() {
    super('a line is too long')
    this.name = 'TooLong'
  }
}

/** Lines without their line break; a last one without a break is dropped: it was cut off. Throws `TooLong`. */
export async function* splitLines(chunks: AsyncIterable<Buffer>, longest: number): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const last = chunk.subarray(start, end)
      yield pieces.length === 0 ? last : Buffer.concat([...pieces, last])
      pieces = []
      length = 0
      start = end + 1
    }
    if (start < chunk.length) {
      pieces.push(chunk.subarray(start))
      length += chunk.length - start
      if (length > longest) throw new TooLong()
    }
  }
}
