import { describe, expect, test } from 'vitest'
import type { HopActivityFact } from '../../../shared/domain/model/log-facts.ts'
import { accessLine, connectionLine, egressLine, ingressLine } from '../../../test/builders/log-lines.ts'
import { parseAccessLine } from '../intake/envoy-access.ts'
import type { Contribution } from '../memory-window.ts'
import type { Activity } from './activity.ts'
import { mostPairs } from './activity.ts'
import { createHopActivity } from './hop-activity.ts'

const start = Date.parse('2026-11-22T00:00:00.000Z')
const window = {
  scope: 'logs/x/activity',
  from: { source: 'logs', instance: 'x', locator: 'x', observedAt: start, basis: 'measured' },
  windowFrom: start,
  windowTo: start + 60_000,
} as const
const badPeer = 'TLS_error:|268435581:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_SAN_match'

describe('which side of which hop a line is about', () => {
  test.each([
    ['called by mTLS and forwarding by mTLS: both', accessLine(), ['callee', 'caller']],
    ['called by mTLS, handing to its own application: the called side', ingressLine(), ['callee']],
    ['the same without a direction', ingressLine({ direction: undefined }), ['callee']],
    [
      'called in plaintext: the called side',
      ingressLine({ down_tls: null, down_peer_uri_san: null, down_peer_serial: null }),
      ['callee'],
    ],
    ['sending on by mTLS: the calling side', egressLine(), ['caller']],
    ['the same without a direction', egressLine({ direction: undefined }), ['caller']],
    [
      'sending on in plaintext: the calling side',
      egressLine({ up_tls: null, up_peer_uri_san: null, up_local_uri_san: null }),
      ['caller'],
    ],
    ['a failed handshake of a caller: the called side', connectionLine({ down_tls_err: badPeer }), ['callee']],
    ['the end of an ordinary connection: nothing to count', connectionLine(), []],
    [
      'a local connection: nothing',
      connectionLine({ direction: 'outbound', down_tls: null, down_peer_uri_san: null, down_peer_serial: null }),
      [],
    ],
  ])('%s', (_words, line, sides) => {
    expect(facts(line).map((fact) => fact.side)).toEqual(sides)
  })

  test('the called side names both ends, from what the handshake proved', () => {
    expect(facts(ingressLine())[0]).toMatchObject({
      id: 'logs/x/activity#hop-activity/gateway/callee/spiffe://pipeline.example/app/chat/127.1.0.1',
      envoy: 'gateway',
      callerSpiffeId: 'spiffe://pipeline.example/app/chat',
      callerAddress: '127.1.0.1',
      calleeSpiffeId: 'spiffe://pipeline.example/hop/gateway',
      calleeAddress: '127.1.0.2:19001',
      peerSerial: 'fe4a302fc248',
    })
  })

  test('the calling side names whom it reached, by cluster and address too', () => {
    expect(facts(egressLine())[0]).toMatchObject({
      id: 'logs/x/activity#hop-activity/gateway/caller/hop_prompt-firewall/127.0.0.1:19002',
      callerSpiffeId: 'spiffe://pipeline.example/hop/gateway',
      calleeSpiffeId: 'spiffe://pipeline.example/hop/prompt-firewall',
      calleeAddress: '127.0.0.1:19002',
      upstreamCluster: 'hop_prompt-firewall',
      callerAddress: null,
    })
  })
})

describe('how requests are counted', () => {
  test.each([
    ['allowed by a decision', {}, { allowed: 1, decided: 1 }],
    ['denied', { code: 403, code_details: 'ext_authz_denied', flags: 'UAEX' }, { denied: 1, decided: 1 }],
    [
      'refused without a decision',
      { code: 403, code_details: 'ext_authz_error', flags: 'UAEX', decision_id: null },
      { authorisationErrors: 1 },
    ],
    ['let through although nobody answered', { decision_id: null }, { allowed: 1, failedOpen: 1 }],
    [
      'let through, in Envoy’s own words',
      { decision_id: null, ext_authz_us: null, auth_failure_mode_allowed: true },
      { allowed: 1, failedOpen: 1 },
    ],
    ['let through, nobody is asked', { decision_id: null, ext_authz_us: null }, { allowed: 1 }],
    [
      'given up by the caller while the question was open',
      { code: 0, code_details: 'downstream_remote_disconnect', decision_id: null },
      {},
    ],
    [
      'refused by another filter',
      { code: 403, code_details: 'rbac_access_denied_matched_policy[x]', decision_id: null, ext_authz_us: null },
      {},
    ],
    ['passed, refused by the application', { code: 403 }, { allowed: 1, decided: 1 }],
    [
      'passed, the application did not answer',
      { code: 503, code_details: 'upstream_reset_before_response_started{connection_failure}', flags: 'UF' },
      { allowed: 1, decided: 1, upstreamFailures: 1 },
    ],
  ] as const)('%s', (_words, changes, counted) => {
    const none = { allowed: 0, denied: 0, authorisationErrors: 0, failedOpen: 0, decided: 0, upstreamFailures: 0 }
    expect(facts(ingressLine(changes))[0]).toMatchObject({ requests: 1, mutualTls: 1, ...none, ...counted })
  })

  test('a call that never got a connection is no plaintext', () => {
    const changes = {
      code: 503,
      code_details: 'x',
      flags: 'UF',
      up_tls: null,
      up_peer_uri_san: null,
      up_local_uri_san: null,
      up_fail: badPeer,
    }
    expect(facts(egressLine(changes))[0]).toMatchObject({
      plaintext: 0,
      mutualTls: 0,
      upstreamFailures: 1,
      handshakeFailures: 1,
    })
  })

  test('a refused connection is no failed handshake', () => {
    const changes = {
      code: 503,
      flags: 'UF',
      up_tls: null,
      up_peer_uri_san: null,
      up_local_uri_san: null,
      up_fail: 'delayed_connect_error:_Connection_refused',
    }
    expect(facts(egressLine(changes))[0]).toMatchObject({ handshakeFailures: 0, upstreamFailures: 1 })
  })
})

describe('failing since', () => {
  const refused = {
    down_tls_err: 'TLS_error:|ALERT_CERTIFICATE_UNKNOWN',
    down_peer_uri_san: null,
    down_peer_serial: null,
  }

  test('is the first failure after the last success, though failures do not say who it was', () => {
    const activity = createHopActivity('gateway')
    add(
      activity,
      connectionLine({ ts: at(1) }),
      connectionLine({ ...refused, ts: at(2) }),
      connectionLine({ ...refused, ts: at(3) }),
    )
    expect(factsOf(activity)).toMatchObject([
      {
        callerSpiffeId: null,
        callerAddress: '127.1.0.1',
        handshakeFailures: 2,
        failingSince: start + 2000,
        lastHandshakeFailure: { at: start + 3000 },
      },
    ])
  })

  test('ends with the next handshake that succeeds, and begins anew', () => {
    const activity = createHopActivity('gateway')
    add(activity, connectionLine({ ...refused, ts: at(1) }), connectionLine({ ts: at(2) }))
    expect(factsOf(activity)).toMatchObject([{ handshakeFailures: 1, failingSince: null }])
    add(activity, connectionLine({ ...refused, ts: at(3) }))
    expect(factsOf(activity)).toMatchObject([{ handshakeFailures: 2, failingSince: start + 3000 }])
  })

  test('is not ended by a connection that is older than the first failure', () => {
    const activity = createHopActivity('gateway')
    add(activity, connectionLine({ ...refused, ts: at(5) }), connectionLine({ ts: at(1) }))
    expect(factsOf(activity)).toMatchObject([{ failingSince: start + 5000 }])
  })

  test('is kept apart by who calls', () => {
    const activity = createHopActivity('gateway')
    add(activity, connectionLine({ ...refused, ts: at(1) }), connectionLine({ ts: at(2), down_remote: '127.1.0.9:1' }))
    expect(factsOf(activity)).toMatchObject([{ callerAddress: '127.1.0.1', failingSince: start + 1000 }])
  })

  test('on the calling side is told by cluster and host', () => {
    const activity = createHopActivity('gateway')
    const failed = {
      code: 503,
      flags: 'UF',
      up_tls: null,
      up_peer_uri_san: null,
      up_local_uri_san: null,
      up_fail: badPeer,
    }
    add(activity, egressLine({ ts: at(1) }), egressLine({ ...failed, ts: at(2) }))
    expect(factsOf(activity)).toMatchObject([
      { requests: 2, calleeSpiffeId: 'spiffe://pipeline.example/hop/prompt-firewall', failingSince: start + 2000 },
    ])
  })
})

test('what has left the window leaves nothing behind', () => {
  const activity = createHopActivity('gateway')
  const first = add(activity, ingressLine({ ts: at(1) }))
  const second = add(
    activity,
    ingressLine({ ts: at(2), code: 403, code_details: 'ext_authz_denied', request_id: 'req-2' }),
  )
  for (const contribution of first) contribution.undo()
  expect(factsOf(activity)).toMatchObject([{ requests: 1, denied: 1, allowed: 0, lastRequest: { requestId: 'req-2' } }])
  for (const contribution of second) contribution.undo()
  expect(factsOf(activity)).toEqual([])
})

test('a name that no record in the window has is not remembered', () => {
  const activity = createHopActivity('gateway')
  const named = add(activity, egressLine({ ts: at(1) }))
  add(
    activity,
    egressLine({
      ts: at(2),
      up_peer_uri_san: null,
      up_local_uri_san: null,
      up_tls: null,
      up_fail: badPeer,
      flags: 'UF',
      code: 503,
    }),
  )
  for (const contribution of named) contribution.undo()
  expect(factsOf(activity)).toMatchObject([{ calleeSpiffeId: null, callerSpiffeId: null, tlsVersion: null }])
})

test('a log cannot make us hold any number of pairs', () => {
  const activity = createHopActivity('gateway')
  for (let caller = 0; caller < mostPairs; caller += 1) {
    expect(one(activity, ingressLine({ down_peer_uri_san: `spiffe://pipeline.example/${caller}` }))).toHaveLength(1)
  }
  expect(one(activity, ingressLine({ down_peer_uri_san: 'spiffe://pipeline.example/one-too-many' }))).toBeNull()
  expect(one(activity, ingressLine({ down_peer_uri_san: 'spiffe://pipeline.example/0' }))).toHaveLength(1)
})

describe('what requests say about who sent them', () => {
  const [chat, other] = ['spiffe://pipeline.example/app/chat', 'spiffe://pipeline.example/hop/orchestrator']
  const claims = (activity: Hops) => activity.facts(window).filter((fact) => fact.kind === 'identity-claims')

  test('is counted by sender and callee, and leaves the window with its requests', () => {
    const activity = createHopActivity('gateway')
    const lines = [`URI=${chat}`, `URI=${other},By=x;URI=${chat}`, `By=${chat};URI=${other},By=x;URI=${chat}`, null]
    const made = add(activity, ...lines.map((xfcc, place) => ingressLine({ xfcc, request_id: `r-${place}` })))
    expect(made).toHaveLength(4)
    expect(claims(activity)).toMatchObject([
      {
        id: `logs/x/activity#identity-claims/${chat}/127.1.0.1/spiffe://pipeline.example/hop/gateway`,
        envoy: 'gateway',
        callerSpiffeId: chat,
        unclaimed: 1,
        consistent: 1,
        forwarded: 1,
        contradicted: 1,
        last: { claimed: other, requestId: 'r-1' },
      },
    ])
    made[1]?.undo()
    expect(claims(activity)).toMatchObject([{ contradicted: 0, last: { claimed: other, requestId: 'r-2' } }])
    for (const place of [0, 2, 3]) made[place]?.undo()
    expect(activity.facts(window)).toEqual([])
  })

  test('is nothing where the format does not tell, and on the calling side', () => {
    const activity = createHopActivity('gateway')
    add(activity, ingressLine(), egressLine({ xfcc: `URI=${other}` }), connectionLine({ xfcc: `URI=${other}` }))
    expect(claims(activity)).toEqual([])
  })
})

function at(second: number): string {
  return new Date(start + second * 1000).toISOString()
}

type Hops = ReturnType<typeof createHopActivity>

function one(activity: Hops, line: string): readonly Contribution[] | null {
  const parsed = parseAccessLine(line)
  if (parsed.kind !== 'record') throw new Error(JSON.stringify(parsed))
  return activity.add(parsed.record, parsed.record.at)
}

function add(activity: Hops, ...lines: readonly string[]): readonly Contribution[] {
  return lines.flatMap((line) => one(activity, line) ?? [])
}

function facts(...lines: readonly string[]): readonly HopActivityFact[] {
  const activity = createHopActivity('gateway')
  add(activity, ...lines)
  return factsOf(activity)
}

function factsOf<Item>(activity: Activity<Item>): readonly HopActivityFact[] {
  return activity.facts(window).filter((fact) => fact.kind === 'hop-activity')
}
