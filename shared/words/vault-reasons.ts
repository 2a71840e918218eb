import type { ReasonCode } from '../domain/graph/reasons.ts'
import { formatDuration } from './durations.ts'
import { clock, count, figure, has, type Params, quoted, word } from './param-text.ts'

type Code = Extract<ReasonCode, `vault-${string}` | `lease-${string}` | `leases-${string}` | 'no-lease'>

const vault = (params: Params) => `Vault ${quoted(params, 'vault')}`
const lastRead = (params: Params) =>
  has(params, 'lastReadAt') ? ` It was last read at ${clock(params, 'lastReadAt')}.` : ' It has never been read.'
const span = (params: Params, key: string) => formatDuration(count(params, key) * 1000)
/** Vault's own words on one line: it sets them out in several. */
const ownWords = (params: Params) => `“${word(params, 'error').trim().replaceAll(/\s+/g, ' ')}”`
const times = (params: Params) => (count(params, 'count') === 1 ? 'one request' : `${figure(params, 'count')} requests`)
const leases = (params: Params, key: string) => (count(params, key) === 1 ? '1 lease' : `${figure(params, key)} leases`)
/** Vault itself, the leases of a workload, and why a lease seems to be nobody's. */
export const vaultReasons: Readonly<Record<Code, (params: Params) => string>> = {
  'vault-serving': (p) => `${vault(p)} answers, is unsealed, and its audit log is read.`,
  'vault-sealed': (p) =>
    `${vault(p)} is sealed: it issues, renews and revokes nothing until it is unsealed. What is shown of its leases is the last known.`,
  'vault-not-initialised': (p) => `${vault(p)} is not initialised: it has no keys yet and serves nothing.`,
  'vault-silent': (p) =>
    `${vault(p)} does not answer${has(p, 'detail') ? `: ${quoted(p, 'detail')}` : ''}.${lastRead(p)}`,
  'vault-not-read-yet': (p) => `${vault(p)} has not been read yet.`,
  'vault-unasked': (p) =>
    `Only a log tells of ${vault(p)}: it is no source of this environment, so whether it is sealed is not known.`,
  'vault-without-audit': (p) =>
    `Who holds which lease is not known: no audit line of ${vault(p)} was read. Let it write its audit log to its pod's log, or to a file that environment.yaml names.`,
  'vault-audit-silent': (p) => `The audit log ${quoted(p, 'log')} of ${vault(p)} cannot be read now.${lastRead(p)}`,
  'vault-orphans': (p) =>
    count(p, 'orphaned') === 1
      ? `1 of ${leases(p, 'active')} of ${vault(p)} is orphaned: its holder is gone or disabled, and the credential still works.`
      : `${figure(p, 'orphaned')} of ${leases(p, 'active')} of ${vault(p)} are orphaned: their holders are gone or disabled, and the credentials still work.`,
  // Short: it stands on a card.
  'vault-summary': (p) =>
    count(p, 'orphaned') === 0 ? leases(p, 'active') : `${figure(p, 'orphaned')} of ${figure(p, 'active')} orphaned`,
  'vault-summary-stale': (p) => `${leases(p, 'active')}?`,
  'vault-summary-sealed': () => 'sealed',
  'vault-summary-unknown': (p) => `Leases of ${vault(p)} are not known.`,
  'vault-denied': (p) =>
    `${vault(p)} refused ${times(p)} of ${word(p, 'name')} to ${word(p, 'operation')} ${quoted(p, 'path')}: ${ownWords(p)}.`,
  'lease-long': (p) =>
    `${word(p, 'name')} holds a lease of ${quoted(p, 'path')} that was given for ${span(p, 'ttlSeconds')}; more than ${span(p, 'limitSeconds')} is long for a credential.`,
  'lease-holder-gone': (p) => `Nothing of its holder ${quoted(p, 'holder')} runs any more.`,
  'lease-holder-unseen': (p) => `Whether its holder ${quoted(p, 'holder')} still runs is not known.`,
  'lease-holder-unknown': (p) =>
    word(p, 'learntFrom') === 'audit'
      ? 'Not known who holds it: the audit lines that are held do not have its issuance.'
      : 'Not known who holds it: it was found by asking Vault, and no audit line of its issuance is held.',
  'lease-holder-no-pod': (p) => `No workload is known with the service account ${quoted(p, 'holder')} of its holder.`,
  'lease-holder-several': (p) => `Several workloads have the service account ${quoted(p, 'holder')} of its holder.`,
  'lease-holder-foreign': (p) =>
    `Its holder ${quoted(p, 'holder')} is neither a SPIFFE ID nor a service account, so no workload can be named.`,
  'lease-entity-disabled': (p) =>
    `The entity ${quoted(p, 'entity')} of its holder is disabled in Vault, and the lease has not ended.`,
  'no-lease': (p) =>
    `No lease of ${word(p, 'name')}: the audit log of ${vault(p)}${has(p, 'since') ? `, read from ${clock(p, 'since')} on,` : ''} shows none.`,
  'leases-held': (p) =>
    has(p, 'nearestExpiryAt')
      ? `${leases(p, 'active')}; the next ends at ${clock(p, 'nearestExpiryAt')}.`
      : `${leases(p, 'active')}.`,
  'leases-long': (p) =>
    `${word(p, 'name')} holds a lease of ${quoted(p, 'path')} for ${span(p, 'ttlSeconds')}, more than ${span(p, 'limitSeconds')}.`,
  'leases-denied': (p) =>
    `${vault(p)} refused ${times(p)} of ${word(p, 'name')} to ${quoted(p, 'path')}: ${ownWords(p)}.`,
  'leases-doubtful': (p) =>
    `Whether ${count(p, 'unclear') === 1 ? '1 lease has' : `${figure(p, 'unclear')} leases have`} ended is not known: the audit log does not tell, and no look-up did since.`,
  'leases-without-holder': (p) => `Not known: ${vault(p)} has leases of which no audit line says who holds them.`,
  'leases-not-current': (p) =>
    `The leases could not be read again from ${quoted(p, 'vault')}; these are the last known.`,
}
