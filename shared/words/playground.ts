import type { PlaygroundState } from '../contract/playground.ts'
import type { FaultKind } from '../faults/fault.ts'

/** What the playground is, for whoever sees it for the first time. */
export const playgroundIntroduction =
  'A small AI pipeline inside Everyhop: nine services behind sidecars, with SVIDs that rotate, mutual TLS and a signed policy. It listens on 127.0.0.1 only, where no other machine reaches it, and you can break it as you like.'

/** Said as long as it is looked at. */
export const playgroundNotice = 'This is the playground: a demonstration inside Everyhop. Nothing you see here is real.'

/** Headings of the faults, by how a fault is met. */
export const faultKindTitles: Readonly<Record<FaultKind, string>> = {
  refusal: 'Requests refused',
  handshake: 'Handshakes that fail',
  posture: 'Open where it ought to be closed',
  anomaly: 'Something nobody meant to happen',
  source: 'Sources that fall silent',
}

/** In a word or two, beside its name. */
export function playgroundPhrase(state: PlaygroundState): string {
  if (state.phase === 'running') return state.changing ? 'Changing' : 'Running'
  return { stopped: 'Not running', starting: 'Starting', failed: 'Could not be started' }[state.phase]
}

/** Why fewer requests are seen than users would send; null: none is missing. */
export function playgroundTrafficSentence(state: PlaygroundState): string | null {
  if (state.phase !== 'running' || state.heldBack === 0) return null
  const requests = state.heldBack === 1 ? '1 request was' : `${state.heldBack} requests were`
  return `This machine is busy: ${requests} not sent within 20 seconds, because too many before were not answered yet.`
}

/** What of the hops is not decided for lack of an OPA, and what to do; null: OPA decides. */
export function playgroundAuthorisationSentence(state: PlaygroundState): string | null {
  if (state.phase !== 'running' || state.authorisation === 'deciding') return null
  if (state.authorisation === 'starting') return 'OPA is starting: until it decides, authorisation is unknown.'
  if (state.authorisation === 'interrupted') {
    return 'An OPA of the playground has ended by itself and is started again: until then what asks it gets no decision.'
  }
  return 'OPA is not on this machine, and a decision is never imitated: authorisation is unknown until there is one.'
}
