import { expect, test } from 'vitest'
import type { Confidence, RequestCause } from '../../shared/domain/diagnosis/model.ts'
import { diagnoseRequest } from '../../shared/domain/diagnosis/request/diagnose-request.ts'
import { accessDetails, decisionDetails } from '../logs/intake/record-details.ts'
import { readPastedLine } from '../logs/pasted-line.ts'
import { gatherRequest } from './gather-request.ts'
import type { DiagnosisParts } from './parts.ts'

const parts: DiagnosisParts = {
  clock: {
    now: () => Date.parse('2026-11-22T00:10:00Z'),
    sleep: () => Promise.reject(new Error('nothing to wait for')),
  },
  records: { line: readPastedLine, accessDetails, decisionDetails },
  evaluate: () => Promise.reject(new Error('nothing to evaluate')),
  reading: () => Promise.reject(new Error('no environment is read')),
}

const ends = '"-" "curl/8.5.0" "4273c09c-2534-962a-b7da-04a04cf39e01" "model:8443" "10.0.0.7:8443"'
const outbound = 'outbound|8443||model.svc.cluster.local 10.0.0.1:40312 10.96.0.9:8443 10.0.0.1:51000 - default'
const inbound =
  'inbound|8080|| 127.0.0.6:40312 10.0.0.7:8080 10.0.0.1:51000 outbound_.8443_._.model.svc.cluster.local default'
const text = (rest: string) => `[2026-11-22T00:06:33.795Z] "POST /v1/chat HTTP/2" ${rest}`

const lines: readonly (readonly [string, string, RequestCause, Confidence])[] = [
  ['default text, UAEX', text(`403 UAEX 0 0 5 - ${ends}`), 'unknown', 'low'],
  ['default text, UF', text(`503 UF 0 91 5 - ${ends}`), 'unknown', 'low'],
  ['default text, NR', text(`404 NR 0 0 0 - ${ends}`), 'no-route', 'medium'],
  ['default text, answered', text(`200 - 0 91 5 4 ${ends}`), 'not-refused', 'medium'],
  ['Istio, policy', text(`403 UAEX ext_authz_denied - "-" 0 19 3 - ${ends} ${inbound}`), 'policy-denied', 'low'],
  [
    'Istio, RBAC',
    text(`403 - rbac_access_denied_matched_policy[none] - "-" 0 19 3 - ${ends} ${inbound}`),
    'envoy-rbac',
    'medium',
  ],
  [
    'Istio, handshake',
    text(
      `503 UF upstream_reset_before_response_started{remote_connection_failure} - "TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end" 0 152 4 - ${ends} ${outbound}`,
    ),
    'handshake-failed',
    'medium',
  ],
  [
    'Istio, no connection',
    text(
      `503 UF upstream_reset_before_response_started{remote_connection_failure} - "-" 0 152 4 - ${ends} ${outbound}`,
    ),
    'network-unreachable',
    'low',
  ],
  ['Istio, application', text(`403 - via_upstream - "-" 0 19 3 2 ${ends} ${inbound}`), 'application-refused', 'medium'],
  ['Istio, handed on', text(`403 - via_upstream - "-" 0 19 3 2 ${ends} ${outbound}`), 'unknown', 'low'],
]

test.each(lines)('a pasted line of %s is diagnosed by what it tells', async (_words, line, cause, confidence) => {
  const found = await gatherRequest(parts, null, { by: 'line', line })
  expect(found.accesses).toHaveLength(1)
  expect(found.accesses[0]?.durationMs).not.toBeNull()
  const { verdict, subject, chain } = diagnoseRequest(found)
  expect([verdict.cause, verdict.confidence]).toEqual([cause, confidence])
  // Only a refusal in its name proves that an authorisation service was asked.
  const isPassed = chain.some(({ kind, state }) => kind === 'ext-authz' && state === 'passed')
  expect(isPassed && !line.includes('ext_authz_denied')).toBe(false)
  expect(subject).toMatchObject({ method: 'POST', path: '/v1/chat', requestId: '4273c09c-2534-962a-b7da-04a04cf39e01' })
})
