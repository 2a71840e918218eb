import { refusalOf, type TlsProblem } from '../../../../shared/domain/diagnosis/handshake/decode.ts'
import type { HandshakeCause, HandshakeDiagnosis } from '../../../../shared/domain/diagnosis/model.ts'

type End = 'client' | 'server'

/** One line between the two sides. follows: no log has it, but what came after needs it. wrong: here it breaks, and a log says so. */
export interface WireStep {
  readonly kind: 'message' | 'check'
  /** Who sends it, or who checks. */
  readonly by: End
  readonly text: string
  readonly state: 'follows' | 'wrong' | 'unknown' | 'not-reached'
}

export interface Wire {
  readonly steps: readonly WireStep[]
  /** In a sentence, also for those who do not see the drawing. */
  readonly note: string
}

/**
 * The messages of a handshake as far as they are known: from what each side logged of the last failure, and what must have
 * come before it (RFC 8446, section 2: the client judges the server's certificate before it sends its own). Nothing else is drawn.
 */
export function wireOf(diagnosis: HandshakeDiagnosis): Wire {
  const { cause } = diagnosis.verdict
  if (cause === 'not-failing') return succeeded
  const refusal = refusalIn(diagnosis)
  if (refusal !== null) return refused(refusal, diagnosis)
  if (cause === 'unknown' || !(cause in byCause)) return { steps: untold, note: 'No log tells how far it came.' }
  return byVerdict(cause)
}

interface FoundRefusal {
  readonly by: End
  readonly problem: TlsProblem
  /** The alert as the side that got it wrote it; null: it logged none. */
  readonly alert: string | null
  /** The refusing side logged why. */
  readonly saidByItself: boolean
}

/** Both logs may tell of the same refusal: the one that refused knows why, the other one which alert it got. */
function refusalIn({ client, server }: HandshakeDiagnosis): FoundRefusal | null {
  const told = [
    { end: 'client' as const, says: client.says },
    { end: 'server' as const, says: server.says },
  ].flatMap(({ end, says }) => {
    const refusal = says === null ? null : refusalOf(says.literal, end)
    return says === null || refusal === null ? [] : [{ ...refusal, literal: says.literal, at: says.at }]
  })
  const own = told.find(({ by, loggedBy }) => by === loggedBy)
  const first = own ?? told[0]
  if (first === undefined) return null
  const alerted = told.find(({ by, loggedBy }) => by === first.by && by !== loggedBy)
  return {
    by: first.by,
    problem: first.problem,
    alert: alerted === undefined ? null : alertName(alerted.literal),
    saidByItself: own !== undefined,
  }
}

/** Alerts by their numbers, RFC 8446 section 6 and RFC 5246 section 7.2; as BoringSSL spells them. */
const alerts: readonly (readonly [RegExp, string])[] = [
  [/ALERT_CERTIFICATE_EXPIRED/, 'alert 45, certificate expired'],
  [/ALERT_UNKNOWN_CA/, 'alert 48, unknown CA'],
  [/ALERT_BAD_CERTIFICATE/, 'alert 42, bad certificate'],
  [/ALERT_UNSUPPORTED_CERTIFICATE/, 'alert 43, unsupported certificate'],
  [/ALERT_CERTIFICATE_REVOKED/, 'alert 44, certificate revoked'],
  [/ALERT_CERTIFICATE_UNKNOWN/, 'alert 46, certificate unknown'],
  [/CERTIFICATE_REQUIRED/, 'alert 116, certificate required'],
  [/ALERT_PROTOCOL_VERSION/, 'alert 70, protocol version'],
  [/ALERT_HANDSHAKE_FAILURE/, 'alert 40, handshake failure'],
  [/ALERT_ACCESS_DENIED/, 'alert 49, access denied'],
]

export function alertName(literal: string): string {
  return alerts.find(([pattern]) => pattern.test(literal))?.[1] ?? 'an alert'
}

const across = (end: End): End => (end === 'client' ? 'server' : 'client')
const hello: WireStep = { kind: 'message', by: 'client', text: 'ClientHello', state: 'follows' }
const answer: WireStep = { kind: 'message', by: 'server', text: 'ServerHello', state: 'follows' }
const presented: WireStep = { kind: 'message', by: 'server', text: 'Certificate', state: 'follows' }
const clientChecks: WireStep = { kind: 'check', by: 'client', text: 'client accepts it', state: 'follows' }
const clientPresents: WireStep = { kind: 'message', by: 'client', text: 'Certificate', state: 'follows' }

function refused({ by, problem, alert, saidByItself }: FoundRefusal, diagnosis: HandshakeDiagnosis): Wire {
  const name = diagnosis[by].name
  const peer = diagnosis[across(by)].name
  const sent: WireStep =
    alert === null
      ? { kind: 'message', by, text: 'alert, not logged', state: 'unknown' }
      : { kind: 'message', by, text: alert, state: 'wrong' }
  const heard = alert === null ? `${peer} logged no alert` : `${peer} logged the alert that it got`
  const why = saidByItself ? `${name} logged why it refused` : `${name} logged nothing of it`
  const note = `${why}, ${heard}. What is drawn before follows from that.`
  if (problem === 'plaintext-peer') {
    return by === 'server'
      ? { steps: [{ ...hello, text: 'plaintext', state: 'wrong' }, refuses(by), sent], note }
      : { steps: [hello, { ...answer, text: 'plaintext', state: 'wrong' }, refuses(by)], note }
  }
  if (problem === 'version') {
    return by === 'server'
      ? { steps: [hello, refuses(by, 'no version or cipher'), sent, skipped('server')], note }
      : { steps: [hello, answer, refuses(by, 'no version or cipher'), sent], note }
  }
  const before = [hello, answer]
  if (by === 'client') {
    return { steps: [...before, { ...presented, state: 'wrong' }, refuses(by), sent, skipped('client')], note }
  }
  const offered: WireStep =
    problem === 'no-certificate'
      ? { ...clientPresents, text: 'no certificate', state: 'wrong' }
      : { ...clientPresents, state: 'wrong' }
  return { steps: [...before, presented, clientChecks, offered, refuses(by), sent], note }
}

function refuses(by: End, why = 'verifies, refuses'): WireStep {
  return { kind: 'check', by, text: `${by} ${why}`, state: 'wrong' }
}

function skipped(by: End): WireStep {
  return { kind: 'message', by, text: `${by} certificate not sent`, state: 'not-reached' }
}

const untold: readonly WireStep[] = [
  { ...hello, state: 'unknown' },
  { ...answer, state: 'unknown' },
  { ...presented, state: 'unknown' },
  { ...clientPresents, state: 'unknown' },
]

const succeeded: Wire = {
  steps: [
    hello,
    answer,
    presented,
    clientChecks,
    clientPresents,
    { kind: 'check', by: 'server', text: 'server accepts it', state: 'follows' },
  ],
  note: 'Both sides verify each other, so every message came.',
}

/** Who refuses, where no log says it and the cause does. */
const byCause: Readonly<Partial<Record<HandshakeCause, End>>> = {
  'server-certificate-expired': 'client',
  'server-issuer-not-trusted': 'client',
  'server-identity-unexpected': 'client',
  'client-certificate-expired': 'server',
  'client-issuer-not-trusted': 'server',
  'client-identity-unexpected': 'server',
  'client-certificate-missing': 'server',
}

function byVerdict(cause: HandshakeCause): Wire {
  const by = byCause[cause]
  const note = 'No log tells of the messages. Where it would end follows from what both sides have.'
  const expected = untold.slice(0, by === 'client' ? 3 : 4)
  if (by === undefined) return { steps: untold, note: 'No log tells how far it came.' }
  return { steps: [...expected, { kind: 'check', by, text: `${by} would refuse`, state: 'unknown' }], note }
}
