import type { RegistrationEntryFact } from '../model/spire-facts.ts'
import type { EpochMs } from '../model/time.ts'

/** What a line of SPIRE's audit log is about. */
export type IssuanceKind = 'issuance' | 'mint' | 'agent' | 'agent-end' | 'entry' | 'bundle' | 'other'

/** Methods of SPIRE 1.15: `spire.api.server.*.v1`. Those that only read are `other`. */
const kinds: Readonly<Record<string, IssuanceKind>> = {
  BatchNewX509SVID: 'issuance',
  NewJWTSVID: 'issuance',
  NewDownstreamX509CA: 'issuance',
  MintX509SVID: 'mint',
  MintJWTSVID: 'mint',
  MintWITSVID: 'mint',
  AttestAgent: 'agent',
  RenewAgent: 'agent',
  CreateJoinToken: 'agent',
  BanAgent: 'agent-end',
  DeleteAgent: 'agent-end',
  BatchCreateEntry: 'entry',
  BatchUpdateEntry: 'entry',
  BatchDeleteEntry: 'entry',
  AppendBundle: 'bundle',
  PublishJWTAuthority: 'bundle',
  BatchCreateFederatedBundle: 'bundle',
  BatchUpdateFederatedBundle: 'bundle',
  BatchSetFederatedBundle: 'bundle',
  BatchDeleteFederatedBundle: 'bundle',
}

export function issuanceKind(method: string): IssuanceKind {
  return Object.hasOwn(kinds, method) ? (kinds[method] ?? 'other') : 'other'
}

/** Why a line stands for something that deviated; null: it does not. */
export type IssuanceDeviation = 'failed' | 'agent-ended' | 'no-entry' | 'minted'

export interface AuditedCall {
  readonly at: EpochMs
  readonly method: string
  readonly status: string
  readonly subjectSpiffeId: string | null
}

export function issuanceDeviation(call: AuditedCall, entries: KnownEntries): IssuanceDeviation | null {
  if (call.status !== 'success') return 'failed'
  const kind = issuanceKind(call.method)
  if (kind === 'agent-end') return 'agent-ended'
  if (kind === 'mint') return 'minted'
  if (kind !== 'issuance' || call.subjectSpiffeId === null) return null
  return entries.had(call.subjectSpiffeId, call.at) === false ? 'no-entry' : null
}

/** Which registration entries there were when. */
export interface KnownEntries {
  /** null: the entries of that time are not known. */
  had(spiffeId: string, at: EpochMs): boolean | null
}

/** An entry may be made, used and deleted between two readings. Milliseconds. */
const slackMs = 60_000

export function knownEntries(
  spans: readonly { readonly fact: RegistrationEntryFact; readonly from: EpochMs; readonly to: EpochMs | null }[],
  isKnownAt: (at: EpochMs) => boolean,
): KnownEntries {
  const byId = new Map<string, { readonly from: EpochMs; readonly to: EpochMs | null }[]>()
  for (const { fact, from, to } of spans) {
    // An entry that tells when it was made was there before it was first read.
    const since = Math.min(from, fact.createdAt ?? from)
    const before = byId.get(fact.spiffeId)
    if (before === undefined) byId.set(fact.spiffeId, [{ from: since, to }])
    else before.push({ from: since, to })
  }
  return {
    had(spiffeId, at) {
      const found = byId.get(spiffeId) ?? []
      if (found.some(({ from, to }) => from - slackMs <= at && (to === null || at <= to + slackMs))) return true
      return isKnownAt(at) ? false : null
    },
  }
}

export interface IssuedSvid {
  readonly spiffeId: string
  readonly at: EpochMs
  /** When it ends, where the line says so. */
  readonly expiresAt: EpochMs | null
}

/** An SVID as an Envoy had it. */
export interface SeenSvid {
  readonly spiffeId: string
  readonly serial: string
  readonly notBefore: EpochMs
  readonly notAfter: EpochMs
  readonly envoys: readonly string[]
}

/** SPIRE dates SVIDs back by ten seconds; the line comes with the answer. Milliseconds. */
const backdatedMs = 120_000
/** Ends are told in whole seconds. Milliseconds. */
const roundedMs = 2000

/** SVIDs that were in use and that no line tells the issuance of. Each line stands for one SVID. */
export function svidsWithoutIssuance(seen: readonly SeenSvid[], issued: readonly IssuedSvid[]): readonly SeenSvid[] {
  const byId = new Map<string, IssuedSvid[]>()
  for (const each of issued) byId.set(each.spiffeId, [...(byId.get(each.spiffeId) ?? []), each])
  return seen
    .toSorted((one, other) => one.notBefore - other.notBefore || (one.serial < other.serial ? -1 : 1))
    .filter((svid) => {
      const lines = byId.get(svid.spiffeId) ?? []
      const found = lines.findIndex(({ at, expiresAt }) =>
        expiresAt === null
          ? Math.abs(at - svid.notBefore) <= backdatedMs
          : Math.abs(expiresAt - svid.notAfter) <= roundedMs,
      )
      if (found < 0) return true
      lines.splice(found, 1)
      return false
    })
}
