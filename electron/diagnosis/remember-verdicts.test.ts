import { expect, test } from 'vitest'
import type { DiagnoseHandshakeInput, DiagnoseRequestInput } from '../../shared/contract/diagnosis.ts'
import type { HandshakeDiagnosis, RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import { noon } from '../../test/builders/log-records.ts'
import type { JournalNote } from '../core/journal.ts'
import type { DiagnosisHandlers } from './handlers.ts'
import { rememberVerdicts } from './remember-verdicts.ts'

const secret = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln'
const hour = 3_600_000
const never = new AbortController().signal

const verdict = {
  cause: 'policy-denied',
  reason: { code: 'denied-by-policy', params: { text: secret } },
  confidence: 'high',
  because: { code: 'decision-held', params: {} },
  wouldRaise: [],
  restsOn: [
    { class: 'decisive', reason: { code: 'decision-denied', params: {} }, literal: secret, from: { kind: 'pasted' } },
  ],
} as const

const request = {
  subject: {
    requestId: 'r-1',
    traceId: null,
    decisionId: 'd-1',
    at: noon,
    method: 'POST',
    path: `/v1?token=${secret}`,
    status: 403,
    from: { workload: null, name: 'gateway', spiffeId: 'spiffe://x/gateway' },
    to: { workload: null, name: 'model-server', spiffeId: null },
    user: { state: 'known', value: 'ann', claim: 'sub', at: '/input', from: { kind: 'pasted' }, call: 'this' },
    actor: { state: 'absent' },
  },
  verdict,
  asked: [{ source: 'logs', answered: true }],
} as unknown as RequestDiagnosis

const handshake = {
  from: 'workload/a',
  to: 'workload/b',
  client: { name: 'gateway' },
  server: { name: 'model-server' },
  wrongSide: 'server',
  failingSince: noon,
  verdict: { ...verdict, cause: 'server-certificate-expired' },
} as unknown as HandshakeDiagnosis

function remembering(
  given: {
    readonly request?: RequestDiagnosis
    readonly handshake?: HandshakeDiagnosis
    readonly fails?: boolean
  } = {},
) {
  const notes: JournalNote[] = []
  const errors: string[] = []
  let now = noon
  const handlers = {
    request: async () => given.request ?? request,
    handshake: async () => given.handshake ?? handshake,
  } as unknown as DiagnosisHandlers
  const wrapped = rememberVerdicts(handlers, {
    journal: {
      async note(note) {
        if (given.fails === true) throw new Error('no space left on device')
        notes.push(note)
        return { ...note, number: 1, at: now, phase: 'noted', begunBy: null, actor: 'ann', hash: '', previous: '' }
      },
    },
    clock: { now: () => now },
    log: { error: (message) => errors.push(message) },
    isRemembered: (environment) => environment === 'dev',
  })
  return {
    notes,
    errors,
    pass: (ms: number) => {
      now += ms
    },
    ask: (more: Partial<DiagnoseRequestInput> = {}) =>
      wrapped.request({ environment: 'dev', at: null, asked: { by: 'request', id: 'r-1' }, ...more }, never),
    look: (more: Partial<DiagnoseHandshakeInput> = {}) =>
      wrapped.handshake({ environment: 'dev', at: null, from: 'a', to: 'b', ...more }),
  }
}

test('a verdict on a request and one on a handshake are written down, and handed on as they are', async () => {
  const { notes, ask, look } = remembering()
  expect(await ask()).toBe(request)
  expect(await look()).toBe(handshake)
  expect(
    notes.map(({ environment, action, details }) => [environment, action, details['kind'], details['cause']]),
  ).toEqual([
    ['dev', 'diagnosis.verdict', 'request', 'policy-denied'],
    ['dev', 'diagnosis.verdict', 'handshake', 'server-certificate-expired'],
  ])
  expect(notes[0]?.details).toMatchObject({
    askedBy: 'request',
    confidence: 'high',
    subject: { requestId: 'r-1', decisionId: 'd-1', from: 'spiffe://x/gateway', to: 'model-server' },
    asked: [{ source: 'logs', answered: true }],
  })
})

test('no text of a source, no path, no pasted line and no user is written down', async () => {
  const { notes, ask } = remembering()
  await ask({ asked: { by: 'line', line: `{"authorization":"Bearer ${secret}"}` } })
  const written = JSON.stringify(notes)
  expect(notes).toHaveLength(1)
  for (const hidden of [secret, 'ann', 'token', 'Bearer']) expect(written).not.toContain(hidden)
})

test('a window that asks again and again writes one line an hour, and another verdict at once', async () => {
  const { notes, ask, look, pass } = remembering()
  for (let times = 0; times < 5; times += 1) await look()
  await ask()
  expect(notes).toHaveLength(2)
  pass(hour)
  await look()
  expect(notes).toHaveLength(3)
})

test('nothing is remembered of previews, of a line without an environment, and of what is well', async () => {
  const { notes, ask, look } = remembering({
    handshake: { ...handshake, verdict: { ...handshake.verdict, cause: 'not-failing' } },
  })
  await ask({ environment: 'preview.1' })
  await ask({ environment: null, asked: { by: 'line', line: '{}' } })
  await look()
  expect(notes).toEqual([])
})

test('a journal that cannot be written takes no verdict away, is told in the log, and is tried again', async () => {
  const { errors, ask } = remembering({ fails: true })
  expect(await ask()).toBe(request)
  await new Promise((resolve) => setImmediate(resolve))
  await ask()
  await new Promise((resolve) => setImmediate(resolve))
  expect(errors).toHaveLength(2)
})
