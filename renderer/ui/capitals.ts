import { capitalise } from '../../shared/words/states.ts'

/** First letter large, except where the second already is: "mTLS" stays as it is written. */
export function startOfRow(text: string): string {
  return /^[a-z][A-Z]/.test(text) ? text : capitalise(text)
}
