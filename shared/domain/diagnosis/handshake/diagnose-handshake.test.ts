import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builtAt } from '../../../../test/builders/facts.ts'
import {
  expired,
  failing,
  known,
  saidBy,
  secretsFact,
  unknown,
  verifyFailed,
  withoutSvid,
} from '../../../../test/builders/handshake-case.ts'
import { build, hop, ids, pipeline } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { Confidence, HandshakeCause } from '../model.ts'
import { decodeFailure } from './decode.ts'
import { diagnoseHandshake } from './diagnose-handshake.ts'
import { noSights } from './leaf.ts'
import type { HandshakeCase } from './view.ts'

const graph = build(pipeline.scopes)
const keys = { issuer: known('aa'), trusted: known(['aa']) }

const cases: readonly (readonly [string, HandshakeCase, HandshakeCause, 'client' | 'server' | 'both', Confidence])[] = [
  [
    'a server whose certificate ran out, and a client that says so',
    failing({
      server: expired('server'),
      client: saidBy(`${verifyFailed}:verify cert failed: certificate has expired`),
    }),
    'server-certificate-expired',
    'server',
    'high',
  ],
  [
    'a server whose certificate ran out',
    failing({ server: expired('server') }),
    'server-certificate-expired',
    'server',
    'medium',
  ],
  [
    'a client that was told its certificate has run out, which it has',
    failing({ client: { ...expired('client'), ...saidBy('TLS_error:SSLV3_ALERT_CERTIFICATE_EXPIRED') } }),
    'client-certificate-expired',
    'client',
    'high',
  ],
  [
    'a server that was told its certificate has run out, and has another by now',
    failing({ server: saidBy('SSLV3_ALERT_CERTIFICATE_EXPIRED') }),
    'server-certificate-expired',
    'server',
    'low',
  ],
  [
    'a certificate that begins later than the verifier thinks it is',
    failing({ client: saidBy(`${verifyFailed}:certificate is not yet valid`) }),
    'certificate-not-yet-valid',
    'both',
    'high',
  ],
  [
    'a client without the root of the server',
    failing({
      client: { trusted: known(['bb']), ...saidBy(`${verifyFailed}:unable to get local issuer certificate`) },
    }),
    'server-issuer-not-trusted',
    'client',
    'high',
  ],
  [
    'a server that says it knows no such authority',
    failing({ client: saidBy('TLSV1_ALERT_UNKNOWN_CA'), server: { trusted: unknown } }),
    'client-issuer-not-trusted',
    'server',
    'high',
  ],
  [
    'a client that requires another identity',
    failing({
      client: {
        requiresPeer: known(['spiffe://pipeline.example/other']),
        ...saidBy(`${verifyFailed}:verify cert failed: verify SAN list, expected SANs: [x]`),
      },
    }),
    'server-identity-unexpected',
    'client',
    'high',
  ],
  [
    'a server that requires another identity, and a client that only heard an alert',
    failing({
      server: { requiresPeer: known(['spiffe://pipeline.example/other']) },
      client: saidBy('SSLV3_ALERT_CERTIFICATE_UNKNOWN'),
    }),
    'client-identity-unexpected',
    'server',
    'medium',
  ],
  [
    'a server that wants a certificate',
    failing({ server: saidBy('TLS_error:|SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE') }),
    'client-certificate-missing',
    'client',
    'high',
  ],
  [
    'a server that speaks plaintext',
    failing({ client: saidBy('TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER') }),
    'server-speaks-plaintext',
    'server',
    'high',
  ],
  [
    'a client that speaks plaintext',
    failing({ server: saidBy('TLS_error:|268435612:SSL routines:OPENSSL_internal:HTTP_REQUEST') }),
    'client-speaks-plaintext',
    'client',
    'high',
  ],
  [
    'no version in common',
    failing({ client: saidBy('TLSV1_ALERT_PROTOCOL_VERSION') }),
    'no-common-version',
    'both',
    'high',
  ],
  // That it has none now is no record of the handshake that failed.
  ['a server without SVID', failing({}, withoutSvid('to')), 'server-has-no-svid', 'server', 'medium'],
  [
    'a client whose SVID SDS has not delivered, although it is registered or nobody tells',
    failing({}, withoutSvid('from', 1, 1, ['failing', 'secret-warming'])),
    'client-has-no-svid',
    'client',
    'medium',
  ],
  [
    'a server one of whose instances has no SVID',
    failing({}, withoutSvid('to', 1, 3)),
    'server-has-no-svid',
    'server',
    'low',
  ],
  [
    'a server one of whose instances has no SVID, and a client that says what it refuses',
    failing({ client: saidBy(`${verifyFailed}:certificate has expired`) }, withoutSvid('to', 1, 3)),
    'server-certificate-expired',
    'server',
    'low',
  ],
]

describe('which side of a handshake is wrong', () => {
  test.each(cases)('%s', (_name, of, cause, wrongSide, confidence) => {
    const told = diagnoseHandshake(of)
    expect([told.verdict.cause, told.wrongSide, told.verdict.confidence]).toEqual([cause, wrongSide, confidence])
    const rows = [...told.client.rows, ...told.server.rows]
    for (const { reason } of [told.verdict, ...rows, ...told.next]) expect(reasonSentence(reason)).not.toContain('[?]')
    expect(told.ruledOut.map((each) => each.cause)).not.toContain(cause)
  })

  test('nothing is wrong with a hop that is verified, and nothing is named where nothing tells', () => {
    const verified = diagnoseHandshake({
      graph,
      hop: hop(graph, ids.model, ids.tool),
      now: builtAt,
      keys: { client: keys, server: keys },
      sights: { client: noSights, server: noSights },
      facts: new Map(),
    })
    expect([verified.verdict.cause, verified.wrongSide]).toEqual(['not-failing', null])
    const silent = diagnoseHandshake(failing({}))
    expect([silent.verdict.cause, silent.wrongSide, silent.verdict.confidence]).toEqual(['unknown', null, 'low'])
  })

  test('a side that cannot be read is unknown row by row, and the verdict says that one side speaks alone', () => {
    const dark = {
      spiffeId: unknown,
      requiresPeer: unknown,
      peerAsExpected: unknown,
      certificate: unknown,
      trusts: unknown,
      tlsVersions: unknown,
      lastError: unknown,
      issuer: unknown,
      trusted: unknown,
    }
    const told = diagnoseHandshake(failing({ server: dark, client: saidBy(`${verifyFailed}:certificate has expired`) }))
    // What the client presents is still known of the client.
    const states = told.server.rows.filter(({ row }) => row !== 'peer-certificate').map(({ state }) => state)
    expect(states).toEqual(states.map(() => 'unknown'))
    expect([told.verdict.cause, told.verdict.because.code]).toEqual(['server-certificate-expired', 'only-one-side'])
  })

  test('an instance without SVID is not blamed for a hop whose ends verify each other', () => {
    const of = failing({}, withoutSvid('to', 1, 3))
    const verified = { ...of, hop: { ...of.hop, transport: { ...of.hop.transport, state: 'verified' as const } } }
    const { verdict, wrongSide } = diagnoseHandshake(verified)
    expect([verdict.cause, wrongSide]).toEqual(['not-failing', null])
  })

  test('that a side has no SVID is told with when and where that was read, and not told where nothing was', () => {
    const of = failing({}, withoutSvid('to'))
    const [evidence] = diagnoseHandshake(of).verdict.restsOn
    expect(evidence?.from).toEqual({ kind: 'fact', fact: secretsFact })
    expect(diagnoseHandshake({ ...of, facts: new Map() }).verdict).toMatchObject({ cause: 'unknown', restsOn: [] })
  })

  test('a rule that fails is named, and no verdict is certain beside it', () => {
    const of = failing(
      { server: expired('server'), client: saidBy(`${verifyFailed}:certificate has expired`) },
      withoutSvid('to'),
    )
    const broken = new Proxy(of, {
      get(target, name, receiver) {
        if (name === 'facts') throw new TypeError('facts are broken')
        return Reflect.get(target, name, receiver)
      },
    })
    const { verdict, open } = diagnoseHandshake(broken)
    expect([diagnoseHandshake(of).verdict.confidence, verdict.cause, verdict.confidence]).toEqual([
      'high',
      'server-certificate-expired',
      'medium',
    ])
    expect(open.map(({ reason }) => reasonSentence(reason)).join(' ')).toMatch(
      /“the server has no SVID” could not be judged.*TypeError: facts are broken/,
    )
  })

  test('a value of a source that has gone silent decides nothing', () => {
    const stale = { ...expired('server').certificate, stale: true }
    expect(diagnoseHandshake(failing({ server: { certificate: stale } })).verdict.confidence).toBe('low')
  })
})

test('an alert is of who was refused, a verification that failed of who refused', () => {
  expect(decodeFailure('SSLV3_ALERT_CERTIFICATE_UNKNOWN')).toEqual({
    rejectedBy: 'peer',
    problem: 'certificate-unknown',
  })
  expect(decodeFailure(`${verifyFailed}:verify cert failed: SAN matcher, certificate SANs are [x]`)).toEqual({
    rejectedBy: 'this',
    problem: 'identity-mismatch',
  })
  expect(decodeFailure('delayed_connect_error:_Connection_reset_by_peer')).toEqual({
    rejectedBy: 'neither',
    problem: 'reset',
  })
})

test('no text of a log makes a rule fail or names a side with nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const told = diagnoseHandshake(failing({ client: saidBy(text) }))
      expect(told.verdict.cause).toBe('unknown')
      expect(told.open.filter(({ reason }) => reason.code === 'rule-failed-itself')).toEqual([])
    }),
    { numRuns: 200 },
  )
})
