import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  builtAt,
  registrationEntry,
  scope,
  spireAgent,
  spireAuthority,
  trustBundle,
  unreadScope,
} from '../../../../test/builders/facts.ts'
import { build, ids, minute, pipeline } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { Certificate, TrustedDomain } from '../../model/envoy-facts.ts'
import type { ScopeState } from '../../model/fact.ts'
import type { BundleAuthority } from '../../model/spire-facts.ts'
import { authorityPlan } from './authorities.ts'
import { forecastOf } from './forecast.ts'
import type { Forecast, ForecastIdentity } from './model.ts'
import { renewsBy } from './rotation.ts'

const domain = 'pipeline.example'
type Change = (scopes: readonly ScopeState[]) => readonly ScopeState[]

function forecast(...changes: readonly Change[]): Forecast {
  const scopes = changes.reduce((before, change) => change(before), pipeline.scopes)
  return forecastOf({ graph: build(scopes), scopes, now: builtAt })
}
function of(name: string, { identities }: Forecast): ForecastIdentity {
  const found = identities.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no identity ${name}`)
  return found
}
const replaced =
  (...states: readonly ScopeState[]): Change =>
  (scopes) => [...scopes.filter(({ scope: id }) => !states.some((state) => state.scope === id)), ...states]
const without =
  (prefix: string): Change =>
  (scopes) =>
    scopes.filter(({ scope: id }) => !id.startsWith(prefix))
/** Another leaf in an Envoy, in every place that shows it. */
const leaf =
  (envoy: string, more: Partial<Certificate>): Change =>
  (scopes) =>
    scopes.map((state) => ({
      ...state,
      facts: state.facts.map((fact) =>
        (fact.kind === 'envoy-secret' || fact.kind === 'envoy-certificate') &&
        fact.envoy === envoy &&
        fact.certificate !== null
          ? { ...fact, certificate: { ...fact.certificate, ...more } }
          : fact,
      ),
    }))
/** What the bundle of an Envoy holds: key identifiers of its own trust domain, or whole lists. */
const trusts =
  (envoy: string | null, trusted: readonly string[] | readonly TrustedDomain[]): Change =>
  (scopes) =>
    scopes.map((state) => ({
      ...state,
      facts: state.facts.map((fact) =>
        fact.kind === 'envoy-secret' && (envoy === null || fact.envoy === envoy) && fact.trusted !== null
          ? {
              ...fact,
              trusted: trusted.every((each) => typeof each === 'string')
                ? [bundleOf(trusted)]
                : trusted.filter((each) => typeof each !== 'string'),
            }
          : fact,
      ),
    }))
function bundleOf(keys: readonly string[], trustDomain = domain): TrustedDomain {
  return {
    trustDomain,
    authorities: keys.map((subjectKeyId) => ({
      subjectKeyId,
      sha256: `sha-${subjectKeyId}`,
      notAfter: builtAt + 1_000 * minute,
    })),
  }
}
function root(subjectKeyId: string, more: Partial<BundleAuthority> = {}): BundleAuthority {
  return {
    subjectKeyId,
    sha256: `sha-${subjectKeyId}`,
    notBefore: builtAt - 1_000 * minute,
    notAfter: builtAt + 1_000 * minute,
    tainted: false,
    ...more,
  }
}
const bundle = (...roots: readonly BundleAuthority[]): Change =>
  replaced(scope('spire/spire/bundle', [trustBundle({ x509Authorities: roots })]))
const authorities = (...facts: readonly ReturnType<typeof spireAuthority>[]): Change =>
  replaced(scope('spire/spire/authorities', facts))
const prepared = spireAuthority({
  id: 'spire/spire/authorities#spire-authority/x509/0900',
  state: 'prepared',
  authorityId: '0900',
})
const old = { notBefore: builtAt - 9 * minute, notAfter: builtAt + minute }
const every: readonly Change[] = ['gateway', 'model-server', 'tool-runtime'].map((name) => leaf(name, old))

describe('the time of renewal', () => {
  test('is half of the lifetime, and a tenth of that', () => {
    expect(renewsBy(0, 100)).toBe(55)
  })
  test('of long lives is not before a day is left: agents may be set so', () => {
    const day = 86_400_000
    expect(renewsBy(0, 7 * day)).toBe(6 * day)
    expect(renewsBy(0, day)).toBe(47_520_000)
  })
  test('of authorities is half and five sixths, at most 30 and 7 days before the end', () => {
    const day = 86_400_000
    expect(authorityPlan(0, 6 * day)).toEqual({ prepares: 3 * day, activates: 5 * day })
    expect(authorityPlan(0, 360 * day)).toEqual({ prepares: 330 * day, activates: 353 * day })
  })
})

describe('an SVID', () => {
  test('is on course before it is due, and nothing fails', () => {
    const found = forecast()
    expect(found.identities.map(({ rotation }) => rotation.state)).toEqual(['on-course', 'on-course', 'on-course'])
    expect([found.failures, found.causes]).toEqual([[], []])
    expect(of('gateway', found)).toMatchObject({ renewsBy: builtAt + 4.5 * minute, failsAt: null, authority: '0844' })
  })

  test('is overdue when it was not renewed by then, and its hops fail when it ends', () => {
    const found = forecast(leaf('tool-runtime', old))
    expect(of('tool-runtime', found)).toMatchObject({ rotation: { state: 'overdue' }, failsAt: builtAt + minute })
    expect(found.failures).toMatchObject([
      {
        from: { name: 'model-server' },
        to: { name: 'tool-runtime' },
        failsAt: builtAt + minute,
        end: 'server',
        isFailing: false,
      },
    ])
  })

  test('that was due a moment ago is not overdue: it is under way', () => {
    const lifetime = 10 * minute
    const notBefore = builtAt - 5.5 * minute - 5000
    const found = forecast(leaf('tool-runtime', { notBefore, notAfter: notBefore + lifetime }))
    expect(of('tool-runtime', found).rotation.state).toBe('on-course')
  })

  test('is expired when it ended and was overdue when it was read', () => {
    const found = forecast(leaf('tool-runtime', { notBefore: builtAt - 11 * minute, notAfter: builtAt - minute }))
    expect(of('tool-runtime', found)).toMatchObject({ rotation: { state: 'expired' }, failsAt: builtAt - minute })
    expect(found.failures).toMatchObject([{ reason: { code: 'hop-ended-with-svid' } }])
  })

  test('that ended since it was read may have been renewed in between', () => {
    const scopes = pipeline.scopes
    const later = builtAt + 10 * minute
    const { identities, failures } = forecastOf({ graph: build(scopes), scopes, now: later })
    expect(identities.map(({ rotation }) => rotation.reason.code)).toEqual(Array(3).fill('svid-perhaps-renewed'))
    expect(failures).toEqual([])
  })

  test('that cannot be read now is unknown, whatever it was', () => {
    const unread = [...pipeline.scopes].flatMap(({ scope: id, facts }) =>
      id.startsWith('envoy/tool-runtime/') ? [unreadScope(id, facts)] : [],
    )
    const found = forecast(leaf('tool-runtime', old), replaced(...unread), without('logs/'))
    expect(of('tool-runtime', found)).toMatchObject({ rotation: { state: 'unknown' }, failsAt: null })
    expect(found.open.map(({ code }) => code)).toContain('svids-not-known')
  })
})

describe('a rotation is stopped', () => {
  const entries = (...kept: readonly string[]): Change =>
    replaced(
      scope(
        'spire/spire/entries',
        kept.map((id) => registrationEntry(id)),
      ),
    )
  const signedHere = authorities(spireAuthority())

  test('where the server that signed it has no entry any more', () => {
    const found = forecast(signedHere, entries(ids.gateway, ids.model))
    expect(of('tool-runtime', found)).toMatchObject({
      rotation: { state: 'stopped' },
      cause: `entry/workload/${ids.tool}`,
    })
    expect(found.causes).toMatchObject([{ kind: 'entry', name: 'tool-runtime' }])
    expect(found.causes[0]?.hops).toHaveLength(1)
  })

  test('and is not, where another server may have signed it, or entries cannot be read', () => {
    expect(of('tool-runtime', forecast(entries(ids.gateway, ids.model))).rotation.state).toBe('on-course')
    const unread = forecast(signedHere, replaced(unreadScope('spire/spire/entries', [])))
    expect(of('tool-runtime', unread).rotation.state).toBe('on-course')
  })

  test.each([
    ['banned', scope('spire/spire/agents', [spireAgent('node-a', { banned: true })]), 'banned'],
    ['expired', scope('spire/spire/agents', [spireAgent('node-a', { svidNotAfter: builtAt - 1 })]), 'expired'],
    ['not listed', scope('spire/spire/agents', [spireAgent('node-b')]), 'gone'],
  ])('where its agent is %s: one cause for all that it delivers', (_words, agents, state) => {
    const found = forecast(replaced(agents))
    expect(found.identities.map(({ rotation, agent }) => [rotation.state, agent?.state])).toEqual(
      Array(3).fill(['stopped', state]),
    )
    expect(found.causes).toMatchObject([{ kind: 'agent', name: 'node-a' }])
    expect(found.causes[0]?.workloads).toHaveLength(3)
    expect(found.failures.map(({ failsAt }) => failsAt)).toEqual([builtAt + 9 * minute, builtAt + 9 * minute])
  })

  test('and is not told of agents that cannot be listed now', () => {
    const found = forecast(replaced(unreadScope('spire/spire/agents', [spireAgent('node-a', { banned: true })])))
    expect(of('gateway', found).rotation.state).toBe('on-course')
    expect(found.open.map(({ code, params }) => [code, params['part']])).toContainEqual(['spire-part-unread', 'agents'])
  })
})

describe('an agent', () => {
  test('is silent when everything that it delivers is overdue, and is then the one cause', () => {
    const found = forecast(...every)
    expect(of('gateway', found).agent).toMatchObject({ state: 'silent', lastIssued: { value: old.notBefore } })
    expect(found.causes).toMatchObject([{ kind: 'agent', name: 'node-a', failsAt: builtAt + minute }])
    expect(found.causes[0]?.hops).toHaveLength(2)
  })

  test('is not blamed for one that is late while it had others signed since', () => {
    const found = forecast(leaf('tool-runtime', old))
    expect(of('tool-runtime', found)).toMatchObject({
      agent: { state: 'renewing' },
      cause: `workload/workload/${ids.tool}`,
    })
    expect(found.causes).toMatchObject([{ kind: 'workload', reason: { code: 'only-this-not-renewed' } }])
  })
})

describe('an authority', () => {
  test('is trusted by who has its key in the bundle: not yet by one, not known of another', () => {
    const unread = unreadScope('envoy/gateway/secrets')
    const found = forecast(
      bundle(root('0844'), root('0900')),
      authorities(spireAuthority(), prepared),
      trusts('model-server', ['0844', '0900']),
      trusts('tool-runtime', ['0844']),
      replaced(unread),
    )
    expect(found.authorities.find(({ key }) => key === '0900')).toMatchObject({
      state: 'prepared',
      trustedBy: 1,
      of: 3,
      missing: { total: 1, first: [{ name: 'tool-runtime' }] },
      unknown: { total: 1, first: [{ name: 'gateway' }] },
      activatesAt: authorityPlan(builtAt - 1_000 * minute, builtAt + 1_000 * minute).activates,
    })
    expect(found.failures).toMatchObject([
      {
        from: { name: 'model-server' },
        to: { name: 'tool-runtime' },
        end: 'server',
        reason: { code: 'hop-will-refuse-authority' },
      },
    ])
    expect(found.causes).toMatchObject([{ kind: 'authority', name: '0900' }])
  })

  test('that everybody trusts breaks nothing', () => {
    const found = forecast(
      bundle(root('0844'), root('0900')),
      authorities(spireAuthority(), prepared),
      trusts(null, ['0844', '0900']),
    )
    expect(found.failures).toEqual([])
    expect(found.authorities.map(({ missing }) => missing.total)).toEqual([0, 0])
  })

  test('that is tainted names who trusts it still and whose SVID it signed', () => {
    const found = forecast(
      bundle(root('0844', { tainted: true })),
      authorities(spireAuthority({ state: 'old' })),
      trusts(null, ['0844']),
    )
    expect(found.authorities).toMatchObject([
      {
        state: 'tainted',
        stillTrusting: { total: 3 },
        signed: { total: 3 },
        reason: { code: 'authority-still-trusted' },
      },
    ])
  })

  test('that the trust domain no longer has, and Envoys still do, is told', () => {
    const found = forecast(bundle(root('0900')), trusts(null, ['0900', '0700']))
    expect(found.authorities.map(({ key, state, stillTrusting }) => [key, state, stillTrusting.total])).toEqual([
      ['0700', 'revoked', 3],
      ['0900', 'unlisted', 0],
    ])
  })

  test('that SPIRE lists as old and has taken out of the bundle is revoked, and gone once nobody has it', () => {
    const revoked = authorities(spireAuthority({ state: 'old' }))
    const held = forecast(bundle(root('0900')), revoked, trusts(null, ['0900']), trusts('gateway', ['0900', '0844']))
    expect(held.authorities.map(({ key, state }) => [key, state])).toEqual([
      ['0844', 'revoked'],
      ['0900', 'unlisted'],
    ])
    expect(held.authorities[0]).toMatchObject({ stillTrusting: { total: 1 }, signed: { total: 3 } })
    const renewed = ['gateway', 'model-server', 'tool-runtime'].map((name) => leaf(name, { authorityKeyId: '0900' }))
    const left = forecast(bundle(root('0900')), revoked, trusts(null, ['0900']), ...renewed)
    expect(left.authorities.map(({ key }) => key)).toEqual(['0900'])
  })

  test('without a prepared successor is told when one is due', () => {
    const late = root('0844', { notBefore: builtAt - 60 * minute, notAfter: builtAt + 10 * minute })
    const active = spireAuthority({ expiresAt: late.notAfter })
    const found = forecast(bundle(late), authorities(active), trusts(null, ['0844']))
    expect(found.authorities.map(({ reason }) => reason.code)).toEqual(['authority-not-prepared'])
    const early = forecast(bundle(root('0844')), authorities(spireAuthority()), trusts(null, ['0844']))
    expect(early.authorities.map(({ reason }) => reason.code)).toEqual(['authority-readiness'])
  })

  test('of a federated trust domain is asked of who federates with it', () => {
    const partner = trustBundle({
      id: 'spire/spire/federated#trust-bundle/partner.example',
      trustDomain: 'partner.example',
      role: 'federated',
      x509Authorities: [root('aa11')],
    })
    const entries = [ids.gateway, ids.model, ids.tool].map((id) =>
      registrationEntry(id, id === ids.tool ? {} : { federatesWith: ['partner.example'] }),
    )
    const found = forecast(
      replaced(scope('spire/spire/federated', [partner]), scope('spire/spire/entries', entries)),
      trusts('gateway', [bundleOf(['0844']), bundleOf(['aa11'], 'partner.example')]),
    )
    expect(found.authorities.find(({ key }) => key === 'aa11')).toMatchObject({
      role: 'federated',
      of: 2,
      trustedBy: 1,
      missing: { total: 1, first: [{ name: 'model-server' }] },
    })
  })
})

test('without SPIRE the dates of the leaves still tell, and what is missing is said', () => {
  const found = forecast(leaf('tool-runtime', old), without('spire/'))
  expect(of('tool-runtime', found)).toMatchObject({ rotation: { state: 'overdue' }, agent: null })
  expect(found.open.map(({ code }) => code)).toContain('spire-not-connected')
})

test('a SPIRE server that never answered is connected all the same, and tells nothing', () => {
  const { open } = forecast(without('spire/'), replaced(unreadScope('spire/spire/entries')))
  expect(open.map(({ code }) => code)).toEqual(['spire-tells-nothing'])
})

test('every sentence has words', () => {
  const told = [
    forecast(...every),
    forecast(bundle(root('0844', { tainted: true })), authorities(spireAuthority()), trusts(null, ['0844'])),
  ].flatMap(({ failures, causes, identities, authorities: all, open }) => [
    ...[...failures, ...causes, ...all].map(({ reason }) => reason),
    ...identities.map(({ rotation }) => rotation.reason),
    ...open,
  ])
  for (const reason of told) expect(reasonSentence(reason)).not.toMatch(/No words|\[\?\]|undefined|NaN/)
})

test('a scope that cannot be read takes findings away, and never makes a failure or another cause', () => {
  const changes = [
    bundle(root('0844'), root('0900')),
    authorities(spireAuthority(), prepared),
    trusts(null, ['0844', '0900']),
    leaf('tool-runtime', old),
  ]
  const scopes = changes.reduce((before, change) => change(before), pipeline.scopes)
  const known = new Set(forecastOf({ graph: build(scopes), scopes, now: builtAt }).failures.map(({ hop }) => hop))
  fc.assert(
    fc.property(fc.subarray(scopes.map(({ scope: id }) => id)), (dark) => {
      const left = scopes.map((state) => (dark.includes(state.scope) ? unreadScope(state.scope, state.facts) : state))
      const found = forecastOf({ graph: build(left), scopes: left, now: builtAt })
      for (const { hop } of found.failures) expect(known).toContain(hop)
      for (const { rotation } of found.identities) expect(rotation.state).not.toBe('stopped')
      for (const { state, missing } of found.authorities)
        expect([state === 'revoked', missing.total]).toEqual([false, 0])
    }),
    { numRuns: 60 },
  )
})
