/** An address as a number of so many bits. */
interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** Whether an address is in a block and in none of its exceptions; null: one of them is not understood. */
export function isInBlock(
  ip: string,
  { cidr, except }: { readonly cidr: string; readonly except: readonly string[] },
): boolean | null {
  const inside = isInCidr(ip, cidr)
  if (inside !== true) return inside
  let isSure = true
  for (const part of except) {
    const isExcepted = isInCidr(ip, part)
    if (isExcepted === true) return false
    if (isExcepted === null) isSure = false
  }
  return isSure ? true : null
}

function isInCidr(ip: string, cidr: string): boolean | null {
  const slash = cidr.lastIndexOf('/')
  const network = slash === -1 ? null : addressOf(cidr.slice(0, slash))
  const length = cidr.slice(slash + 1)
  const address = addressOf(ip)
  if (network === null || address === null || !/^\d{1,3}$/.test(length)) return null
  const prefix = Number(length)
  if (prefix > network.bits) return null
  if (network.bits !== address.bits) return false
  const shift = BigInt(network.bits - prefix)
  return network.value >> shift === address.value >> shift
}

function addressOf(text: string): Address | null {
  if (!text.includes(':')) {
    const value = ipv4(text)
    return value === null ? null : { bits: 32, value }
  }
  return ipv6(text)
}

function ipv4(text: string): bigint | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  let value = 0n
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return null
    value = (value << 8n) | BigInt(Number(part))
  }
  return value
}

/** RFC 4291 text, with `::` once and the last 32 bits as IPv4 where they are. */
function ipv6(text: string): Address | null {
  const lastColon = text.lastIndexOf(':')
  const tail = text.slice(lastColon + 1)
  let plain = text
  if (tail.includes('.')) {
    const value = ipv4(tail)
    if (value === null) return null
    plain = `${text.slice(0, lastColon + 1)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`
  }
  const halves = plain.split('::')
  if (halves.length > 2) return null
  const [head = [], end = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const gap = 8 - head.length - end.length
  if (halves.length === 1 ? gap !== 0 : gap < 1) return null
  const groups = [...head, ...Array.from({ length: gap }, () => '0'), ...end]
  let value = 0n
  for (const group of groups) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return null
    value = (value << 16n) | BigInt(Number.parseInt(group, 16))
  }
  return { bits: 128, value }
}
