import type { ProbeInput } from '../../shared/contract/diagnosis.ts'
import type { HandshakeProbe } from '../../shared/domain/diagnosis/handshake/probe.ts'
import { probeFindings } from '../../shared/domain/diagnosis/handshake/probe-findings.ts'
import type { HandshakeCase } from '../../shared/domain/diagnosis/handshake/view.ts'
import { tellOfHandshake as tell } from '../../shared/domain/diagnosis/reasons.ts'
import { Failure } from '../core/failure.ts'
import type { Journal } from '../core/journal.ts'
import type { ClientIdentity, Clock, TlsHandshakeOptions, TlsHandshakeSight, TlsVersion } from '../core/ports.ts'
import { gatherHandshake } from './gather-handshake.ts'
import type { Reading } from './parts.ts'
import { type ProbeTarget, placeOf, probeTarget } from './probe-target.ts'

/** For the whole probe: ways, handshakes and what the server says of them. */
export const probeDeadlineMs = 5000

/** An action that reaches out: what it needs beside what a diagnosis reads. */
export interface ProbeParts {
  readonly clock: Pick<Clock, 'now'>
  /** Throws `read-only` unless change mode is on. */
  readonly demandChangeMode: (environment: string) => void
  readonly journal: Pick<Journal, 'begin' | 'end'>
  /** One handshake with the target, over a connection of its own. */
  readonly handshake: (
    environment: string,
    target: ProbeTarget,
    options: TlsHandshakeOptions,
    signal: AbortSignal,
  ) => Promise<TlsHandshakeSight>
  /** The X509-SVID of the Workload API that environment.yaml names; null: it names none, or it gave none. */
  readonly identity: (environment: string, signal: AbortSignal) => Promise<ClientIdentity | null>
}

/**
 * A live handshake with the server of a hop. Rejects with a `Failure`: `read-only`, `not-found`, `invalid`, or that of a journal that
 * takes no entry. What the server does, or that there is no way to it, is an answer.
 */
export async function probeHandshake(
  parts: ProbeParts,
  reading: Pick<Reading, 'graph' | 'facts'>,
  { environment, from, to }: ProbeInput,
  signal: AbortSignal,
): Promise<HandshakeProbe> {
  parts.demandChangeMode(environment)
  const startedAt = parts.clock.now()
  const of = gatherHandshake(reading, from, to, startedAt)
  const target = probeTarget(of, reading.facts)
  if (target === null) {
    throw new Failure(
      'not-found',
      to,
      `Nothing that was read tells where ${nameOf(of, of.hop.to)} takes calls.`,
      'The listeners of its Envoy tell it: see whether that is read.',
    )
  }
  const deadline = AbortSignal.timeout(probeDeadlineMs)
  const limit = AbortSignal.any([signal, deadline])
  const place = placeOf(target)
  const identity = await parts.identity(environment, limit)
  const begun = await parts.journal.begin({
    environment,
    action: 'diagnosis.probe',
    details: { hop: of.hop.id, target: place, presentedAs: identity?.spiffeId ?? null },
  })
  try {
    const seen = await look(parts, environment, target, identity, limit, () => deadline.aborted && !signal.aborted)
    const probe = told(of, place, identity, seen, startedAt, parts.clock.now())
    await parts.journal.end(begun, 'succeeded', { outcome: probe.outcome, alert: probe.alert })
    return probe
  } catch (reason) {
    await parts.journal.end(begun, 'failed', { why: reason instanceof Error ? reason.message : String(reason) })
    throw reason
  }
}

interface Seen {
  readonly outcome: HandshakeProbe['outcome']
  readonly sight: TlsHandshakeSight | null
  readonly words: string | null
  readonly versions: HandshakeProbe['versions']
}

const versions: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3']

/** First as any client does; then with the version alone that was not agreed on. */
async function look(
  parts: ProbeParts,
  environment: string,
  target: ProbeTarget,
  identity: ClientIdentity | null,
  limit: AbortSignal,
  isLate: () => boolean,
): Promise<Seen> {
  const untold = versions.map((version) => ({ version, isSpoken: null }))
  let sight: TlsHandshakeSight
  try {
    sight = await parts.handshake(environment, target, { version: null, identity }, limit)
  } catch (reason) {
    if (isLate()) return { outcome: 'late', sight: null, words: null, versions: untold }
    limit.throwIfAborted()
    const words = reason instanceof Error ? reason.message : String(reason)
    return { outcome: 'unreachable', sight: null, words, versions: untold }
  }
  const spoken: HandshakeProbe['versions'][number][] = []
  for (const version of versions) {
    spoken.push({ version, isSpoken: version === sight.version ? true : await isSpoken(version) })
  }
  return { outcome: sight.outcome, sight, words: sight.words, versions: spoken }

  async function isSpoken(version: TlsVersion): Promise<boolean | null> {
    if (sight.outcome === 'plaintext') return null
    try {
      const alone = await parts.handshake(environment, target, { version, identity: null }, limit)
      if (alone.version === version) return true
      // 70: protocol_version. Whatever else it refuses with, the version was not what it minded.
      return alone.alert === 70 ? false : alone.chain.length > 0 ? true : null
    } catch {
      return null // the first handshake is the answer; this one was for completeness
    }
  }
}

function told(
  of: HandshakeCase,
  target: string,
  identity: ClientIdentity | null,
  { outcome, sight, words, versions: spoken }: Seen,
  startedAt: number,
  endedAt: number,
): HandshakeProbe {
  const { hop } = of
  const [client, server] = [nameOf(of, hop.from), nameOf(of, hop.to)]
  const chain = sight?.chain ?? []
  const alert = sight === null || sight.alert === null ? null : (alerts[sight.alert] ?? `alert ${sight.alert}`)
  const asksForCertificate = outcome === 'refused' && identity === null && (sight?.alert === 116 || chain.length > 0)
  return {
    hop: hop.id,
    from: { workload: hop.from, name: client },
    to: { workload: hop.to, name: server },
    at: startedAt,
    tookMs: endedAt - startedAt,
    target,
    presentedAs: identity?.spiffeId ?? null,
    outcome,
    reason: asksForCertificate
      ? tell('probe-wants-certificate', { owner: server, alert })
      : tell(`probe-${outcome}`, { owner: server, alert, target }),
    literal: words,
    alert,
    cipher: sight?.cipher ?? null,
    versions: spoken,
    chain,
    findings: probeFindings(
      {
        now: startedAt,
        client,
        server,
        required: hop.client.requiresPeer,
        trusted: of.keys.client.trusted,
        loaded: of.sights.server.loaded,
      },
      chain,
      spoken,
    ),
  }
}

function nameOf({ graph }: HandshakeCase, id: string): string {
  return graph.workloads.find((each) => each.id === id)?.name ?? id
}

/** RFC 8446, section 6.2, those that servers send to clients. */
const alerts: Readonly<Record<number, string>> = {
  10: 'unexpected message',
  40: 'handshake failure',
  42: 'bad certificate',
  43: 'unsupported certificate',
  44: 'certificate revoked',
  45: 'certificate expired',
  46: 'certificate unknown',
  47: 'illegal parameter',
  48: 'unknown CA',
  49: 'access denied',
  50: 'decode error',
  51: 'decrypt error',
  70: 'protocol version',
  71: 'insufficient security',
  80: 'internal error',
  112: 'unrecognised name',
  116: 'certificate required',
  120: 'no application protocol',
}
