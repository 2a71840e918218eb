import { request } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { lineOf, linesOf, type SidecarPair, startPair } from '../../../test/builders/sidecar-pair.ts'
import type { AuthoriserAnswer } from '../parts.ts'

const callerId = 'spiffe://pipeline.example/ns/ai/sa/gateway'
const calleeId = 'spiffe://pipeline.example/ns/ai/sa/prompt-firewall'

let pair: SidecarPair
afterEach(async () => {
  await pair.stop()
  expect(pair.problems).toEqual([])
})

async function countersOf(prefix: string): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`http://127.0.0.1:${pair.callee.ports.admin}/stats?format=json&filter=${prefix}`)
  const { stats } = (await answer.json()) as { stats: { name: string; value: number }[] }
  return Object.fromEntries(stats.map(({ name, value }) => [name.slice(prefix.length), value]))
}

const allows: AuthoriserAnswer = {
  allowed: true,
  status: 200,
  headers: {},
  body: '',
  dynamicMetadata: { decision_id: 'd-1', policy: 'pipeline/authz', reasons: [] },
}
const denies: AuthoriserAnswer = {
  allowed: false,
  status: 403,
  headers: { 'content-type': 'application/json' },
  body: '{"error":"refused-by-policy"}',
  dynamicMetadata: { decision_id: 'd-2', policy: 'pipeline/authz', reasons: ['no'] },
}

describe('ext_authz', () => {
  test('shows an OPA the request as Envoy’s plugin does, with both identities', async () => {
    const inputs: unknown[] = []
    pair = await startPair({
      authoriser: {
        address: '10.244.1.30:9191',
        async authorise(input) {
          inputs.push(input)
          return await Promise.resolve(allows)
        },
      },
    })
    const headers = { 'x-request-id': 'r-1', 'x-data-classification': 'internal' }
    expect((await pair.ask(headers, '/v1/inspections?deep=1&deep=2')).status).toBe(200)
    expect(inputs).toMatchObject([
      {
        attributes: {
          source: {
            address: { socketAddress: { address: '10.244.1.12' } },
            principal: callerId,
            certificate: expect.stringMatching(/^-----BEGIN%20CERTIFICATE-----%0A/),
          },
          destination: {
            address: { socketAddress: { address: '10.244.1.13', portValue: 15_008 } },
            principal: calleeId,
          },
          request: {
            time: { seconds: expect.any(Number), nanos: expect.any(Number) },
            http: {
              method: 'POST',
              path: '/v1/inspections?deep=1&deep=2',
              scheme: 'http',
              protocol: 'HTTP/1.1',
              headers: {
                ':method': 'POST',
                ':path': '/v1/inspections?deep=1&deep=2',
                'x-request-id': 'r-1',
                'x-data-classification': 'internal',
                'x-forwarded-client-cert': expect.stringContaining(`URI=${callerId}`),
              },
            },
          },
        },
        parsed_path: ['v1', 'inspections'],
        parsed_query: { deep: ['1', '2'] },
        source_principal: callerId,
        version: { encoding: 'protojson', ext_authz: 'v3' },
      },
    ])
    expect(await lineOf(pair.callee.accessLog, () => true)).toMatchObject({
      code: 200,
      decision_id: 'd-1',
      authz: { decision_id: 'd-1', policy: 'pipeline/authz', reasons: [] },
      ext_authz_us: expect.stringMatching(/^\d+$/),
    })
    expect(await countersOf('http.ingress.ext_authz.')).toMatchObject({ ok: 1, denied: 0, error: 0 })
  })

  test('hands the refusal of a policy to the caller, and asks no stage', async () => {
    pair = await startPair({
      authoriser: { address: '10.244.1.30:9191', authorise: () => Promise.resolve(denies) },
    })
    const answer = await pair.ask()
    expect([answer.status, answer.body, answer.headers['content-type']]).toEqual([
      403,
      '{"error":"refused-by-policy"}',
      'application/json',
    ])
    expect(await lineOf(pair.callee.accessLog, () => true)).toMatchObject({
      code: 403,
      code_details: 'ext_authz_denied',
      flags: 'UAEX',
      decision_id: 'd-2',
      up_host: null,
      up_attempts: 0,
    })
    expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject({
      code: 403,
      code_details: 'via_upstream',
      flags: '-',
    })
    expect(await countersOf('http.ingress.ext_authz.')).toMatchObject({ ok: 0, denied: 1, error: 0 })
  })

  test('refuses without a decision, and lets pass where it fails open, also when nobody answers at all', async () => {
    pair = await startPair({
      authoriser: {
        address: '10.244.1.30:9191',
        authorise: () => new Promise(() => undefined),
      },
    })
    const answer = await pair.ask()
    expect([answer.status, answer.body]).toEqual([403, ''])
    expect(linesOf(pair.callee.accessLog)[0]).toMatchObject({
      code: 403,
      code_details: 'ext_authz_error',
      flags: 'UAEX',
      decision_id: null,
      authz: null,
      ext_authz_us: expect.stringMatching(/^\d+$/),
    })
    pair.callee.failureModeAllow(true)
    pair.callee.authoriseBy({ address: '10.244.1.30:9191', authorise: () => Promise.reject(new Error('down')) })
    expect((await pair.ask()).status).toBe(200)
    expect(linesOf(pair.callee.accessLog)[1]).toMatchObject({ code: 200, decision_id: null, flags: '-' })
    expect(await countersOf('http.ingress.ext_authz.')).toMatchObject({
      ok: 0,
      denied: 0,
      error: 2,
      failure_mode_allowed: 1,
    })
  })

  test('is not there where nobody is asked: nothing is decided and nothing counted', async () => {
    pair = await startPair()
    expect((await pair.ask()).status).toBe(200)
    expect(await lineOf(pair.callee.accessLog, () => true)).toMatchObject({
      code: 200,
      ext_authz_us: null,
      decision_id: null,
    })
    expect(await countersOf('http.ingress.ext_authz.')).toEqual({})
  })
})

test('a claim of the caller about who it is reaches the stage only where callers are trusted', async () => {
  pair = await startPair()
  const claim = 'URI=spiffe://pipeline.example/ns/ai/sa/orchestrator'
  const seen = async () => (JSON.parse((await pair.ask()).body) as Record<string, string>)['x-forwarded-client-cert']
  pair.caller.claimIdentity('prompt-firewall', claim)
  expect(await seen()).not.toContain('orchestrator')
  expect(linesOf(pair.caller.accessLog).at(-1)).toMatchObject({ client_cert_header: claim })
  pair.callee.trustClaims(true)
  expect(await seen()).toMatch(new RegExp(`^${claim},By=${calleeId};Hash=[0-9a-f]{64};URI=${callerId}$`))
  pair.callee.trustClaims(false)
  pair.caller.claimIdentity('prompt-firewall', null)
  expect(await seen()).not.toContain('orchestrator')
  expect(linesOf(pair.caller.accessLog).at(-1)).toMatchObject({ client_cert_header: null })
})

test('a stage that is down is told apart from a callee that is down', async () => {
  pair = await startPair()
  await pair.stageIs(false)
  expect((await pair.ask()).status).toBe(503)
  const words = 'delayed_connect_error:_Connection_refused'
  expect(await lineOf(pair.callee.accessLog, () => true)).toMatchObject({ code: 503, flags: 'UF', up_fail: words })
  expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject({ code: 503, code_details: 'via_upstream' })
  await pair.stageIs(true)
  expect((await pair.ask()).status).toBe(200)
})

test('ways that the topology lacks are opened on both sides, and closed again', async () => {
  pair = await startPair({ from: 'application', to: 'model-server' })
  expect((await pair.ask()).status).toBe(404)
  expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject({
    code_details: 'route_not_found',
    flags: 'NR',
  })
  pair.caller.alsoCall('model-server', true)
  expect((await pair.ask()).status).toBe(503)
  pair.callee.alsoAdmit('application', true)
  expect((await pair.ask()).status).toBe(200)
  expect(linesOf(pair.callee.accessLog).at(-1)).toMatchObject({
    down_peer_uri_san: 'spiffe://pipeline.example/ns/edge/sa/application',
    down_local: '10.244.2.16:15008',
  })
  pair.caller.alsoCall('model-server', false)
  expect((await pair.ask()).status).toBe(404)
})

test('a caller that leaves is told as gone, on both sides', async () => {
  let asked = () => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  pair = await startPair({
    authoriser: {
      address: '10.244.1.30:9191',
      authorise() {
        asked()
        return new Promise(() => undefined)
      },
    },
  })
  const sent = request({
    host: '127.0.0.1',
    port: pair.caller.ports.egress,
    method: 'POST',
    path: '/to/prompt-firewall/v1/x',
    agent: false,
  })
  sent.on('error', () => undefined)
  sent.end('{}')
  await isAsked
  sent.destroy()
  const gone = { code: 0, code_details: 'downstream_remote_disconnect', flags: 'DC' }
  expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject(gone)
  expect(await lineOf(pair.callee.accessLog, () => true)).toMatchObject(gone)
})

test('the admin endpoint answers reading alone', async () => {
  pair = await startPair()
  const admin = `http://127.0.0.1:${pair.callee.ports.admin}`
  expect((await fetch(`${admin}/quitquitquit`, { method: 'POST' })).status).toBe(405)
  expect((await fetch(`${admin}/quitquitquit`)).status).toBe(404)
  expect((await fetch(`${admin}/config_dump?resource=something`)).status).toBe(404)
  expect((await fetch(`${admin}/stats?filter=(`)).status).toBe(400)
  const key = pair.world.delivered('prompt-firewall').svid?.key.split('\n')[1] ?? 'no key'
  const bodies = await Promise.all(
    ['/config_dump', '/certs', '/server_info'].map(async (path) => (await fetch(`${admin}${path}`)).text()),
  )
  expect(bodies.join('').includes(key)).toBe(false)
  expect(bodies[0]).toContain(Buffer.from('[redacted]').toString('base64'))
})
