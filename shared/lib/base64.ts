const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** By character code: the value of six bits. Both alphabets of RFC 4648 are understood. */
const values = new Map(Array.from(standard, (sign, value) => [sign.charCodeAt(0), value]))
for (const [sign, value] of [['-', 62] as const, ['_', 63] as const]) values.set(sign.charCodeAt(0), value)

/** RFC 4648, section 4, with padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at)
    const bits = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    for (let sign = 0; sign < 4; sign += 1) {
      text += sign <= left ? standard.charAt((bits >>> (18 - 6 * sign)) & 63) : '='
    }
  }
  return text
}

/** Both alphabets, with or without padding; null: it is no base64. Bits that no byte needs have to be zero. */
export function fromBase64(text: string): Uint8Array | null {
  const end = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length
  if (end % 4 === 1 || (end < text.length && text.length % 4 !== 0)) return null
  const bytes = new Uint8Array(Math.floor((end * 3) / 4))
  let bits = 0
  let held = 0
  let filled = 0
  for (let at = 0; at < end; at += 1) {
    const value = values.get(text.charCodeAt(at))
    if (value === undefined) return null
    bits = ((bits << 6) | value) & 0xffff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[filled] = (bits >>> held) & 255
      filled += 1
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : null
}
