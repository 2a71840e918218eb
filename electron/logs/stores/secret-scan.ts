/**
 * Whether a text may hold what masking takes out. It may say yes wrongly, never no: keys and shapes are those of
 * intake/mask.ts; what OPA or Envoy masked already (`***`) does not count.
 */
const suspicious =
  /-----BEGIN|\b(?:bearer|basic)\s+[A-Za-z0-9]|\beyJ[A-Za-z0-9_-]+\.|(?:token|secret|password|passwd|pwd|api[_-]?key|access[_-]?key|authorization|cookie|signature)\\?["']?\s*[=:](?!\s*(?:["']?\*\*\*|null|""))/i

/** Tokens that need no name beside them; small and large letters differ in them. */
const credential =
  /hv[sbr]\.[A-Za-z0-9_-]{16}|A(?:KIA|SIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{20}/

export function mayHoldSecret(text: string): boolean {
  return suspicious.test(text) || credential.test(text)
}

/** Bits that upper and lower case share. */
const lower = 0x20
const [c, g, j, k, v, w, x, z] = [0x63, 0x67, 0x6a, 0x6b, 0x76, 0x77, 0x78, 0x7a] as const
/** Of AKIA and ASIA, which are written large: a small one is everywhere. */
const largeI = 0x49

/**
 * Letters that are rare in logs, one of every shape above: seCret, siGnature and beGin, eyJ, toKen, Key and cooKie,
 * passWord and pWd, authoriZation; hVs., akIa, Ghp_, Xox. Of `bearer` and `basic` it is the white space after them.
 */
const telling = new Uint8Array(256)
for (const letter of [c, g, j, k, v, w, x, z]) telling[letter] = telling[letter - lower] = letter
telling[largeI] = largeI
/** White space of a regular expression, in latin1. */
const blanks = [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0xa0]
for (const blank of blanks) telling[blank] = lower

const star = 0x2a
/** Around a place at which there may be one: room for the longest name before it, for `"***"` after it. Bytes. */
const room = 24

/**
 * The same of the bytes of a text, for a fraction of its cost: each upload is looked through, and next to none has any.
 * What is looked for is ASCII, so that they need not be decoded for it.
 */
export function mayHoldSecretIn(bytes: Buffer): boolean {
  // The few places that may tell are looked for first; all of the text is only read again when one of them does.
  return hasTellingPlace(bytes) && mayHoldSecret(bytes.toString('latin1'))
}

function hasTellingPlace(bytes: Buffer): boolean {
  const { length } = bytes
  for (let index = 0; index < length; index += 1) {
    const letter = telling[bytes[index] ?? 0] ?? 0
    if (letter !== 0 && tells(bytes, index, letter)) return true
  }
  return false
}

function tells(bytes: Buffer, index: number, letter: number): boolean {
  const before = (bytes[index - 1] ?? 0) | lower
  const after = (bytes[index + 1] ?? 0) | lower
  switch (letter) {
    case c:
      return before === 0x65 && after === 0x72 && isKeyOfSecret(bytes, index)
    case g:
      return (
        (before === 0x69 && after === 0x6e && isKeyOfSecret(bytes, index)) ||
        (before === 0x65 && after === 0x69) ||
        (after === 0x68 && bytes[index + 3] === 0x5f)
      )
    case j:
      return before === 0x79
    case k:
      return (before === 0x6f || after === 0x65) && isKeyOfSecret(bytes, index)
    case v:
      return before === 0x68 && bytes[index + 2] === 0x2e
    case x:
      return after === 0x6f && bytes[index + 4] === 0x2d
    case largeI:
      return (before === k || before === 0x73) && after === 0x61
    case w:
      return (after === 0x64 || after === 0x6f) && isKeyOfSecret(bytes, index)
    case z:
      return before === 0x69 && after === 0x61 && isKeyOfSecret(bytes, index)
    default:
      return isScheme(bytes, index, before)
  }
}

/** `bearer` and `basic`, by their ends. */
function isScheme(bytes: Buffer, end: number, last: number): boolean {
  const middle = (bytes[end - 2] ?? 0) | lower
  const first = (bytes[end - 3] ?? 0) | lower
  return (last === 0x72 && middle === 0x65 && first === 0x72) || (last === c && middle === 0x69 && first === 0x73)
}

/** Whether what stands around a letter is the name of a secret with a value. */
function isKeyOfSecret(bytes: Buffer, index: number): boolean {
  let end = index + 1
  while (end < index + room && isLetter(bytes[end])) end += 1
  if (bytes[end] === 0x5c) end += 1
  if (bytes[end] === 0x22 || bytes[end] === 0x27) end += 1
  while (telling[bytes[end] ?? 0] === lower) end += 1
  if (bytes[end] !== 0x3a && bytes[end] !== 0x3d) return false
  // The rule is that OPA or Envoy masked it already.
  if (bytes[end + 1] === 0x22 && bytes[end + 2] === star && bytes[end + 3] === star && bytes[end + 4] === star)
    return false
  return mayHoldSecret(bytes.toString('latin1', Math.max(0, index - room), end + room))
}

function isLetter(byte: number | undefined): boolean {
  const letter = (byte ?? 0) | lower
  return letter >= 0x61 && letter <= z
}
