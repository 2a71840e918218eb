/** What the desktop window says of its own service, which it starts again by itself. */
export interface ServiceEnding {
  /** How often it ended since it last worked for a while. */
  readonly failures: number
  /** Milliseconds until it is started again. */
  readonly retryInMs: number
  /** `code 1`, `signal SIGKILL`, `silence`. */
  readonly ending: string
}

/** Beginnings that fail in a row before the window calls it a defect that waiting will not mend. */
export const manyFailures = 4

export function serviceEndedTitle({ failures }: ServiceEnding): string {
  return failures < manyFailures ? 'Everyhop’s service ended' : 'Everyhop’s service does not stay up'
}

export function serviceEndedSentence({ failures, retryInMs, ending }: ServiceEnding): string {
  const how = ending === 'silence' ? 'did not become ready and was ended' : `ended with ${ending}`
  const seconds = Math.max(1, Math.round(retryInMs / 1000))
  const next = retryInMs < 1500 ? 'It is started again now.' : `It is started again in ${seconds}\u00a0s.`
  if (failures < manyFailures) return `It ${how}. ${next} What is shown is what was known before.`
  return `It ${how}, ${failures} times in a row. ${next} What it wrote last stands below; npm start in a terminal shows all of it.`
}

export const noConnectionTitle = 'The window got no connection'
export const noConnectionSentence =
  'The part that hands this window its connection did not answer: the preload script is missing or did not load. ' +
  'Quit Everyhop and start it again; if it stays so, the installation is incomplete: build or install it anew.'
