import { useState } from 'react'

/**
 * The earlier value as long as everything in `keys` is the same: for work that depends on a part of a value which the
 * keys name, and not on the rest that changes every second.
 */
export function useStable<Value>(value: Value, keys: readonly unknown[]): Value {
  const [kept, keep] = useState({ keys, value })
  if (kept.keys.length === keys.length && kept.keys.every((key, index) => Object.is(key, keys[index])))
    return kept.value
  keep({ keys, value })
  return value
}
