import { closeSync, openSync, writeSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

/** Decision events as OPA-Envoy writes them in the lab, 2.1 kB each, one a millisecond from noon on. */

export const noon = Date.parse('2026-11-22T12:00:00.000Z')
const callers = Array.from({ length: 40 }, (_, n) => `spiffe://pipeline.example/ns/ai/sa/stage-${n}`)
const split = { decision: '@decision@', request: '@request@', trace: '@trace@', time: '@time@', caller: '@caller@' }

const template = JSON.stringify({
  labels: { id: 'b5a40546-268c-4399-adf1-92fbfc80cb6f', opa: 'opa-shared', version: '1.15.2' },
  decision_id: split.decision,
  bundles: { pipeline: { revision: 'lab-001' } },
  path: 'pipeline/authz/result',
  input: {
    attributes: {
      destination: {
        address: { socketAddress: { address: '127.1.0.2', portValue: 27852 } },
        principal: 'spiffe://pipeline.example/ns/ai/sa/gateway',
      },
      metadataContext: {},
      request: {
        http: {
          headers: {
            ':authority': '127.1.0.1:18191',
            ':method': 'POST',
            ':path': '/v1/chat',
            ':scheme': 'http',
            authorization: '***',
            'content-length': '60',
            'content-type': 'application/json',
            traceparent: `00-${split.trace}-b8a4356dec148f7a-01`,
            'x-data-classification': 'internal',
            'x-forwarded-client-cert':
              'By=spiffe://pipeline.example/ns/ai/sa/gateway;Hash=f70094b439931ac69482399343df348f934f75d7c51f1f7e27cab5a0fdb70b75;URI=spiffe://pipeline.example/ns/edge/sa/application',
            'x-forwarded-proto': 'http',
            'x-request-id': split.request,
            'x-stage-signature': '***',
          },
          host: '127.1.0.1:18191',
          id: '3348612584236561831',
          method: 'POST',
          path: '/v1/chat',
          protocol: 'HTTP/1.1',
          scheme: 'http',
        },
        time: { nanos: 553_070_000, seconds: 1_795_315_738 },
      },
      routeMetadataContext: {},
      source: {
        address: { socketAddress: { address: '127.1.0.1', portValue: 50_454 } },
        principal: split.caller,
      },
    },
    parsed_path: ['v1', 'chat'],
    parsed_query: {},
    source_principal: split.caller,
    version: [
      [
        { type: 'string', value: 'encoding' },
        { type: 'string', value: 'protojson' },
      ],
      [
        { type: 'string', value: 'ext_authz' },
        { type: 'string', value: 'v3' },
      ],
    ],
  },
  result: {
    allowed: '@allowed@',
    body: '',
    dynamic_metadata: { policy: 'pipeline/authz', reasons: [] },
    headers: {},
    http_status: 200,
  },
  erased: ['/input/attributes/source/certificate'],
  masked: [
    '/input/attributes/request/http/headers/authorization',
    '/input/attributes/request/http/headers/x-stage-signature',
  ],
  timestamp: split.time,
  metrics: {
    timer_rego_external_resolve_ns: 1181,
    timer_rego_query_eval_ns: 1_913_250,
    timer_server_handler_ns: 2_067_089,
  },
})
  .replace('"@allowed@"', '@allowed@')
  .split(/(@[a-z]+@)/)

/** A UUID that looks random and is the same for the same number. */
export function idOf(number: number, kind: number): string {
  const mix = (value: number): string =>
    (Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 0).toString(16).padStart(8, '0')
  const hex =
    mix(number * 4 + kind) +
    mix((number + 77_777) * 7 + kind) +
    number.toString(16).padStart(8, '0') +
    mix(number + kind)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export function isAllowed(number: number): boolean {
  return number % 17 !== 0
}

export function callerOf(number: number): string {
  return callers[number % callers.length] ?? ''
}

export function eventText(number: number): string {
  const values: Readonly<Record<string, string>> = {
    '@decision@': idOf(number, 1),
    '@request@': idOf(number, 2),
    '@trace@': idOf(number, 3).replaceAll('-', ''),
    '@time@': new Date(noon + number).toISOString().replace('Z', '878105Z'),
    '@caller@': callerOf(number),
    '@allowed@': String(isAllowed(number)),
  }
  return template.map((part) => values[part] ?? part).join('')
}

/** Uploads of a hundred events, packed as OPA packs them. */
export function uploads(from: number, count: number): readonly Buffer[] {
  return Array.from({ length: count / 100 }, (_, upload) => {
    const events = Array.from({ length: 100 }, (_, index) => eventText(from + upload * 100 + index))
    return gzipSync(`[${events.join(',')}]`)
  })
}

export function writeEvents(file: string, from: number, count: number): void {
  const handle = openSync(file, 'w')
  for (let start = from; start < from + count; start += 1000) {
    const lines = Array.from(
      { length: Math.min(1000, from + count - start) },
      (_, index) => `${eventText(start + index)}\n`,
    )
    writeSync(handle, lines.join(''))
  }
  closeSync(handle)
}
