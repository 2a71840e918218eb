/** The closed list of shared/contract/errors.ts, which words must not import; a test compares the two. */
const sentences = {
  unreachable: 'It cannot be reached.',
  unauthenticated: 'Everyhop is not signed in here.',
  forbidden: 'Everyhop has no right to this.',
  'not-found': 'It does not exist, or not any more.',
  invalid: 'The request is not valid.',
  conflict: 'It was changed by someone else meanwhile.',
  'unsupported-version': 'This version is not supported.',
  'timed-out': 'No answer came in time.',
  cancelled: 'It was stopped.',
  'read-only': 'This environment is read-only.',
  locked: 'Another Everyhop uses it now.',
  exhausted: 'It is too large to answer at once.',
  internal: 'Everyhop failed itself. Its log has the detail.',
} as const

/** Codes that have words. */
export const errorCodesWithWords: readonly string[] = Object.keys(sentences)

/** "tool-runtime: It does not exist, or not any more. Check the name." Subject and advice come with the error; both may be absent. */
export function errorSentence(code: string, subject?: string | null, advice?: string | null): string {
  const body = isCode(code) ? sentences[code] : `It failed with “${code}”.`
  const head = subject === undefined || subject === null || subject === '' ? body : `${subject}: ${body}`
  return advice === undefined || advice === null || advice === '' ? head : `${head} ${advice}`
}

function isCode(code: string): code is keyof typeof sentences {
  return Object.hasOwn(sentences, code)
}
