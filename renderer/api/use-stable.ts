import { useState } from 'react'

/**
 * The earlier value as long as its key is the same: for work that depends on a part of a value which the key names,
 * and not on the rest that changes every second.
 */
export function useStable<Value>(value: Value, key: string): Value {
  const [kept, keep] = useState({ key, value })
  if (kept.key === key) return kept.value
  keep({ key, value })
  return value
}
