/** Two keys after each other that lead to a screen. One table for the handler, the help and the tests. */
export const chords = [
  { keys: ['g', 'g'], to: '/graph', words: 'Graph' },
  { keys: ['g', 'd'], to: '/diagnose', words: 'Diagnose' },
  { keys: ['g', 'r'], to: '/policy', words: 'Policy' },
  { keys: ['g', 'e'], to: '/evidence', words: 'Evidence' },
  { keys: ['g', 'c'], to: '/environments', words: 'Connections' },
] as const
export type Chord = (typeof chords)[number]

/** The second key is waited for so long. Milliseconds. */
export const chordMs = 1000

/** What a key does after the one before it, which came `elapsedMs` ago; null: nothing. */
export function chordOf(before: string | null, key: string, elapsedMs: number): Chord | null {
  if (before === null || elapsedMs > chordMs) return null
  return chords.find(({ keys }) => keys[0] === before && keys[1] === key) ?? null
}
