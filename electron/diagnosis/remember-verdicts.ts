import type { DiagnoseHandshakeInput, DiagnoseRequestInput } from '../../shared/contract/diagnosis.ts'
import type { HandshakeDiagnosis, RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import { type Journal, verdictAction } from '../core/journal.ts'
import type { Clock, Log } from '../core/ports.ts'
import type { DiagnosisHandlers } from './handlers.ts'

/** A window asks again every few seconds: the same verdict about the same is written down once in so long. Milliseconds. */
const againMs = 3_600_000
/** Verdicts that are known to be written down already. */
const mostKnown = 2000
/** That nothing is wrong is no verdict about something. */
const nothingWrong: ReadonlySet<string> = new Set(['not-refused', 'not-failing'])

export interface RememberingParts {
  readonly journal: Pick<Journal, 'note'>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'error'>
  /** Whether anything is remembered of it: a preview and a snapshot are nobody's pipeline. */
  readonly isRemembered: (environment: string) => boolean
}

type Details = Readonly<Record<string, unknown>>

/**
 * Writes verdicts on requests and handshakes into the journal, for evidence: codes, ids and names, never a text of a source, a
 * pasted line, or who the user is. Whoever asked does not wait for it, and hears nothing when it cannot be written: the log does.
 */
export function rememberVerdicts(handlers: DiagnosisHandlers, parts: RememberingParts): DiagnosisHandlers {
  const { journal, clock, log, isRemembered } = parts
  const known = new Map<string, number>()

  function remember(environment: string, subject: Details, verdict: Details & { readonly cause: string }): void {
    if (nothingWrong.has(verdict.cause) || !isRemembered(environment)) return
    const now = clock.now()
    const key = JSON.stringify([environment, subject, verdict])
    const before = known.get(key)
    if (before !== undefined && now - before < againMs && now >= before) return
    known.delete(key)
    known.set(key, now)
    if (known.size > mostKnown) known.delete(known.keys().next().value ?? key)
    journal
      .note({ environment, action: verdictAction, details: { ...verdict, ...subject } })
      .catch((reason: unknown) => {
        known.delete(key)
        log.error('a verdict could not be written down', { environment, reason: String(reason) })
      })
  }

  return {
    ...handlers,
    async request(input, signal) {
      const diagnosis = await handlers.request(input, signal)
      if (input.environment !== null)
        remember(input.environment, requestSubject(input, diagnosis), requestVerdict(diagnosis))
      return diagnosis
    },
    async handshake(input) {
      const diagnosis = await handlers.handshake(input)
      remember(input.environment, handshakeSubject(input, diagnosis), handshakeVerdict(diagnosis))
      return diagnosis
    },
  }
}

function requestSubject({ asked, at }: DiagnoseRequestInput, { subject }: RequestDiagnosis): Details {
  const { requestId, traceId, decisionId, method, status, from, to } = subject
  return {
    askedBy: asked.by,
    asOf: at,
    subject: {
      requestId,
      traceId,
      decisionId,
      at: subject.at,
      method,
      status,
      from: from.spiffeId ?? from.name,
      to: to.spiffeId ?? to.name,
    },
  }
}

function requestVerdict({ verdict, asked }: RequestDiagnosis): Details & { readonly cause: string } {
  return {
    kind: 'request',
    cause: verdict.cause,
    reason: verdict.reason.code,
    confidence: verdict.confidence,
    because: verdict.because.code,
    restsOn: verdict.restsOn.map(({ class: weight, reason, from }) => ({
      class: weight,
      says: reason.code,
      from: from.kind,
    })),
    asked,
  }
}

function handshakeSubject({ at }: DiagnoseHandshakeInput, { from, to, client, server }: HandshakeDiagnosis): Details {
  return { asOf: at, subject: { hop: `hop/${from}>${to}`, from: client.name, to: server.name } }
}

function handshakeVerdict({
  verdict,
  wrongSide,
  failingSince,
}: HandshakeDiagnosis): Details & { readonly cause: string } {
  return {
    kind: 'handshake',
    cause: verdict.cause,
    reason: verdict.reason.code,
    confidence: verdict.confidence,
    because: verdict.because.code,
    wrongSide,
    failingSince,
    restsOn: verdict.restsOn.map(({ class: weight, reason, from }) => ({
      class: weight,
      says: reason.code,
      from: from.kind,
    })),
  }
}
