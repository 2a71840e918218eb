/** 16 hex digits that change with the text (FNV-1a, twice). Tells one text from another; it is no proof against somebody who forges. */
export function textFingerprint(text: string): string {
  return [0x811c9dc5, 0x9747b28c].map((seed) => hashOf(text, seed).toString(16).padStart(8, '0')).join('')
}

function hashOf(text: string, seed: number): number {
  let hash = seed
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
