import { describe, expect, it } from 'vitest'
import {
  authorisationCounters,
  counter,
  decisionActivity,
  extAuthz,
  scope,
  spiffe,
} from '../../../../../test/builders/facts.ts'
import { withFacts } from '../../../../../test/builders/pipeline.ts'
import { build, hop, ids, pipeline } from '../../../../../test/builders/small-graph.ts'

describe('authorisation', () => {
  const callee = 'logs/model-server-access/activity'
  const listeners = 'envoy/model-server/listeners'

  function guardedBy(change: Parameters<typeof extAuthz>[0] | null) {
    return withFacts(pipeline.scopes, listeners, 'envoy-listener', (fact) =>
      fact.name === 'egress'
        ? fact
        : {
            ...fact,
            filterChains: fact.filterChains.map((chain) => ({
              ...chain,
              http: chain.http.map((http) => ({ ...http, extAuthz: change === null ? null : extAuthz(change) })),
            })),
          },
    )
  }

  it.each([
    ['denying', 'requests-denied', { denied: 6, allowed: 18 }],
    ['erroring', 'authorisation-errors', { authorisationErrors: 1, allowed: 23, decided: 23 }],
    ['unknown', 'no-decision-seen', { decided: 0 }],
  ])('is %s: %s', (state, code, counts) => {
    const scopes = withFacts(pipeline.scopes, callee, 'hop-activity', (fact) =>
      fact.side === 'callee' ? { ...fact, ...counts } : fact,
    )
    expect(hop(build(scopes), ids.gateway, ids.model).authorisation).toMatchObject({ state, reason: { code } })
  })

  it('does not call one denial in two thousand denying', () => {
    const scopes = withFacts(pipeline.scopes, callee, 'hop-activity', (fact) =>
      fact.side === 'callee' ? { ...fact, requests: 2000, allowed: 1999, decided: 2000, denied: 1 } : fact,
    )
    expect(hop(build(scopes), ids.gateway, ids.model).authorisation.state).toBe('allowing')
  })

  it('fails open, and says whether it happened or only could', () => {
    expect(hop(build(guardedBy({ failureModeAllow: true })), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'failing-open',
      reason: { code: 'open-on-error' },
    })
    const happened = withFacts(guardedBy({ failureModeAllow: true }), callee, 'hop-activity', (fact) =>
      fact.side === 'callee' ? { ...fact, failedOpen: 5, decided: 19 } : fact,
    )
    expect(hop(build(happened), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'failing-open',
      reason: { code: 'passed-undecided', params: { passed: 5 } },
    })
  })

  it('is unguarded without ext_authz, and where it is not enabled for all', () => {
    expect(hop(build(guardedBy(null)), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'unguarded',
      reason: { code: 'no-ext-authz' },
    })
    expect(hop(build(guardedBy({ alwaysEnabled: false })), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'unguarded',
      reason: { code: 'ext-authz-partly' },
    })
  })

  it('is not enforced where the OPA that is asked answers OK to everything', () => {
    const scopes = withFacts(pipeline.scopes, 'opa/opa-model/instance', 'opa-instance', (fact) =>
      fact.extAuthz === null ? fact : { ...fact, extAuthz: { ...fact.extAuthz, dryRun: true } },
    )
    expect(hop(build(scopes), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'unguarded',
      reason: { code: 'decision-not-enforced', params: { callee: 'model-server' } },
      basis: 'measured',
    })
    expect(hop(build(scopes), ids.model, ids.tool).authorisation.state).toBe('allowing')
  })

  it('is not known while ext_authz is announced and not delivered, and never unguarded or allowing then', () => {
    const awaited = withFacts(guardedBy(null), listeners, 'envoy-listener', (fact) => ({
      ...fact,
      filterChains: fact.filterChains.map((chain) => ({
        ...chain,
        http: chain.http.map((http) => ({ ...http, awaitsExtAuthz: true as const })),
      })),
    }))
    const shown = hop(build(awaited), ids.gateway, ids.model)
    expect(shown.authorisation).toMatchObject({ state: 'unknown', reason: { code: 'ext-authz-awaited' } })
    expect(shown.guard).toMatchObject({ known: false, reason: { code: 'ext-authz-awaited' } })
  })

  it('names the routes on which nobody is asked', () => {
    const scopes = guardedBy({ disabledRoutes: ['/healthz'] })
    expect(hop(build(scopes), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'allowing',
      reason: { code: 'requests-allowed-except-routes', params: { routes: 1 } },
    })
  })

  it('lets the decision log say what the access log cannot', () => {
    const scopes = [
      ...withFacts(pipeline.scopes, callee, 'hop-activity', (fact) => ({ ...fact, decided: 0 })),
      scope('logs/decisions/activity', [decisionActivity(ids.gateway, ids.model)]),
    ]
    const found = hop(build(scopes), ids.gateway, ids.model)
    expect(found.authorisation.state).toBe('allowing')
    expect(found.decision).toMatchObject({ known: true, value: { outcome: 'allow', revision: 'r42' } })
  })

  it('counts decisions once that come two ways, from a container’s log and to the receiver', () => {
    const without = pipeline.scopes.filter((state) => !state.scope.startsWith('logs/'))
    const told = decisionActivity(ids.gateway, ids.model, { opaInstanceId: 'one', allowed: 40, denied: 0, errors: 0 })
    const requests = (...logs: readonly string[]): unknown => {
      const scopes = [...without, ...logs.map((log) => scope(`logs/${log}/activity`, [told]))]
      return hop(build(scopes), ids.gateway, ids.model).authorisation
    }
    expect(requests('opa')).toMatchObject({ reason: { params: { requests: 40 } } })
    expect(requests('opa', 'receiver')).toEqual(requests('opa'))
  })

  it('blames no hop for counters that several callers share', () => {
    const scopes = [
      ...withFacts(
        pipeline.scopes.filter((state) => !state.scope.startsWith('logs/')),
        'envoy/model-server/counters',
        'envoy-authorisation-counters',
        () => authorisationCounters('model-server', { denied: counter(9) }),
      ),
    ]
    expect(hop(build(scopes), ids.gateway, ids.model).authorisation.state).toBe('denying')
    const shared = [...scopes, scope('logs/other/activity', [decisionActivity(spiffe('stranger'), ids.model)])]
    expect(hop(build(shared), ids.gateway, ids.model).authorisation.state).toBe('unknown')
  })
})
