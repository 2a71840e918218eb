import type { ElementChange, GraphDifference } from '../domain/history/model.ts'
import { sourceKinds } from '../domain/model/fact.ts'
import type { AuthorisationState, ClaimState, TransportState, WorkloadState } from '../domain/model/hop-state.ts'
import { authorisationStates, claimStates, transportStates, workloadStates } from '../domain/model/hop-state.ts'
import { countOf, formatMoment, formatShare } from './durations.ts'
import { authorisationLabel, claimLabel, sourceLabel, transportLabel, workloadStateLabel } from './states.ts'

const directionTitles: Readonly<Record<ElementChange['direction'], string>> = {
  worse: 'Got worse',
  better: 'Got better',
  changed: 'Changed',
}

/** "Got worse", "Got better", "Changed". */
export function directionTitle(direction: ElementChange['direction']): string {
  return directionTitles[direction]
}

/** What changed in one line, without the name: "mTLS verified → handshake failing", "0% denied → 6.1% denied", "bundle r39 → r42". */
export function changeSentence(change: ElementChange): string {
  const { aspect, from, to } = change
  const before = from === null ? 'not there' : valueOf(change, from)
  const after = to === null ? 'gone' : to === 'unknown' && from !== null ? silence(change) : valueOf(change, to)
  const what = subjects[aspect]
  return `${what === undefined ? '' : `${what} `}${before} → ${after}`
}

/** Said before the values where these alone would not tell what they are of. */
const subjects: Readonly<Partial<Record<ElementChange['aspect'], string>>> = {
  identityClaim: 'identity in requests:',
  svid: 'SVID',
  bundle: 'bundle',
}

/** It was known before: that it is not any more is no state of the pipeline, but of what is told of it. */
function silence({ direction }: ElementChange): string {
  return direction === 'worse' ? 'went silent' : 'nothing seen'
}

function valueOf({ aspect, element }: ElementChange, value: string): string {
  switch (aspect) {
    case 'transport':
      return transportWord(value)
    case 'authorisation':
      return isOneOf<AuthorisationState>(authorisationStates, value) ? authorisationLabel(value) : value
    case 'identityClaim':
      return isOneOf<ClaimState>(claimStates, value) ? claimLabel(value) : value
    case 'state':
      return stateWord(value)
    case 'presence':
      return element.kind === 'hop' ? transportWord(value) : stateWord(value)
    case 'denials':
      return `${formatShare(Number(value), 1)} denied`
    case 'deviation':
      return value === 'none' ? 'as intended' : 'called against intent.yaml'
    case 'relations':
      return value === 'none' ? 'no relation' : value.split(' ').join(', ')
    case 'svid':
      return value.startsWith('spiffe://') ? value : `issued by ${value}`
    default:
      return value
  }
}

function transportWord(value: string): string {
  return isOneOf<TransportState>(transportStates, value) ? transportLabel(value) : value
}

function stateWord(value: string): string {
  return isOneOf<WorkloadState>(workloadStates, value) ? workloadStateLabel(value) : value
}

function isOneOf<Value extends string>(values: readonly Value[], value: string): value is Value {
  return values.some((each) => each === value)
}

/** "8 Vault facts were not recorded at 2026-11-21 03:12:07 UTC". */
export function notComparableSentence(
  { source, missingAt, facts }: GraphDifference['notComparable'][number],
  { from, to }: Pick<GraphDifference, 'from' | 'to'>,
): string {
  const [kind = '', instance] = source.split('/', 2)
  const known = sourceKinds.find((each) => each === kind)
  const name = `${known === undefined ? kind : sourceLabel(known)}${instance === undefined ? '' : ` ${instance}`}`
  const at = formatMoment(missingAt === 'from' ? from : to)
  return `${countOf(facts, `${name} fact`)} ${facts === 1 ? 'was' : 'were'} not recorded at ${at}`
}
