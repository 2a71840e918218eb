import { describe, expect, it } from 'vitest'
import {
  builtAt,
  federationRelationship,
  opaBundle,
  opaDecisionLog,
  opaInstance,
  opaPolicy,
  scope,
  spireAgent,
  trustBundle,
  unreadScope,
} from '../../../../test/builders/facts.ts'
import { podContainer, pod as podFact } from '../../../../test/builders/kubernetes-facts.ts'
import { build, pipeline } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { Fact, Gap, ScopeState } from '../../model/fact.ts'
import type { KubernetesNodeFact, PodFact } from '../../model/kubernetes-facts.ts'

function spireWith(reason: Gap['reason'] | null): readonly ScopeState[] {
  const others = pipeline.scopes.filter((state) => !state.scope.startsWith('spire/'))
  const detail = 'give one under sources.spire'
  const what = 'registration-entries'
  const gaps: Gap[] = reason === null ? [] : [{ source: 'spire', instance: 'spire', what, reason, detail, at: builtAt }]
  return [...others, { ...unreadScope('spire/spire/entries', []), readAt: null, gaps }]
}

function serverOf(scopes: readonly ScopeState[]) {
  const found = build(scopes).control.find(({ kind }) => kind === 'spire-server')
  if (found === undefined) throw new Error('no SPIRE server is drawn')
  return found
}

describe('a SPIRE server that tells nothing', () => {
  it.each([
    ['is not asked without an identity', 'not-configured', 'spire-not-asked', 'is not asked'],
    ['refuses', 'forbidden', 'spire-refuses', 'refuses what Everyhop asks'],
    ['does not answer', 'unreachable', 'spire-silent', 'does not answer'],
    ['has not been read yet', null, 'spire-not-read-yet', 'has not been read yet'],
  ] as const)('%s, and that is what is said', (_words, reason, code, text) => {
    const { state } = serverOf(spireWith(reason))
    expect(state).toMatchObject({ state: 'unknown', reason: { code } })
    expect(reasonSentence(state.reason)).toContain(text)
    if (code === 'spire-not-asked') expect(reasonSentence(state.reason)).not.toContain('does not answer')
  })
})

describe('an OPA that told nothing at the last reading', () => {
  const opaAfter = (reason: Gap['reason']) => {
    const fact = opaInstance('shared')
    const gap: Gap = { source: 'opa', instance: 'shared', what: 'config', reason, detail: 'said', at: builtAt }
    const state = { ...unreadScope('opa/shared/instance', [fact]), gaps: [gap] }
    return build([state]).control.find(({ id }) => id === 'control/opa/shared')?.state
  }

  it.each(['unreachable', 'timed-out'] as const)('fails where it was asked: %s', (reason) => {
    expect(opaAfter(reason)).toMatchObject({ state: 'failing', reason: { code: 'opa-silent' } })
  })

  it('is unknown where the cluster that leads to it cannot be reached', () => {
    expect(opaAfter('no-way')).toMatchObject({ state: 'unknown' })
  })
})

describe('an OPA that answers', () => {
  const told = (more: Parameters<typeof opaDecisionLog>[1], instance: Parameters<typeof opaInstance>[1] = {}) =>
    build([
      scope('opa/shared/instance', [opaInstance('shared', instance)]),
      scope('opa/shared/status', [opaBundle('shared')]),
      scope('opa/shared/decision-log', [opaDecisionLog('shared', more)]),
    ]).control.find(({ id }) => id === 'control/opa/shared')?.state
  const address = '127.0.0.1:9191'

  it('is verified while its decisions arrive', () => {
    expect(told({})).toMatchObject({ state: 'verified' })
    expect(told({ dropped: null })).toMatchObject({ state: 'verified' })
  })

  it.each([
    [{ dropped: 7 }, 'dropped 7 decisions since it started'],
    [{ dropped: 1 }, 'dropped 1 decision since it started'],
    [{ code: 'decision_log_error', message: 'connection refused' }, 'to lab: “connection refused”'],
  ])('needs attention when they do not: %o', (more, text) => {
    const state = told(more)
    expect(state).toMatchObject({ state: 'attention', restsOn: ['opa/shared/decision-log#opa-decision-log/shared'] })
    if (state !== undefined) expect(reasonSentence(state.reason)).toContain(text)
  })

  it('needs attention when its clock is off', () => {
    const state = told({}, { clockSkewMs: 90_000 })
    expect(state).toMatchObject({ state: 'attention', reason: { code: 'opa-clock-off' } })
    if (state !== undefined) expect(reasonSentence(state.reason)).toContain('is 90 s ahead of this computer’s')
  })

  it('needs attention when it decides without effect', () => {
    expect(told({}, { extAuthz: { address, path: 'a/b', dryRun: true } })).toMatchObject({
      state: 'attention',
      reason: { code: 'opa-dry-run' },
    })
  })
})

describe('two OPAs of one revision', () => {
  const bundleWith = (sha256: string, activated = builtAt - 60_000) =>
    build(
      ['a', 'b'].flatMap((opa, place) => [
        scope(`opa/${opa}/instance`, [opaInstance(opa)]),
        scope(`opa/${opa}/status`, [opaBundle(opa, { lastSuccessfulActivationAt: activated })]),
        scope(`opa/${opa}/policies`, [
          opaPolicy(opa, { sha256: place === 0 ? 'aa' : sha256 }),
          { ...opaPolicy(opa, { policyId: 'own.rego', sha256: opa }), id: `opa/${opa}/policies#opa-policy/own.rego` },
        ]),
      ]),
    ).control.find(({ id }) => id === 'control/opa-bundle/authz')?.state

  it('hold the same modules of the bundle, whatever else they have loaded', () => {
    expect(bundleWith('aa')).toMatchObject({ state: 'verified' })
  })

  it('need attention when they do not, once the bundle is settled', () => {
    expect(bundleWith('bb')).toMatchObject({
      state: 'attention',
      reason: { code: 'bundle-contents-differ', params: { revision: 'r42', opa: 'a', other: 'b' } },
    })
    expect(bundleWith('bb', builtAt - 5_000)).toMatchObject({ state: 'verified' })
  })
})

describe('a SPIRE agent that the server knows', () => {
  const own = 'spiffe://pipeline.example/spire/agent/k8s_psat/prod/uid-b'
  const node = {
    ...podFact('', 'node-b'),
    kind: 'kubernetes-node',
    uid: 'uid-b',
    ready: true,
    heartbeatAt: null,
    addresses: [],
  }
  const agentOn = (nodeName: string, ready: boolean, name = 'agent-x') =>
    podFact('spire', name, {
      nodeName,
      ready,
      containers: [{ ...podContainer('spire-agent', []), ready, waitingReason: ready ? null : 'CrashLoopBackOff' }],
    })
  const stateWith = (pods: readonly PodFact[], isRead = true) =>
    build([
      ...pipeline.scopes.filter(({ scope: id }) => id !== 'spire/spire/agents'),
      scope('spire/spire/agents', [spireAgent('b', { spiffeId: own })]),
      scope('kubernetes/prod/nodes', [node as KubernetesNodeFact]),
      isRead ? scope('kubernetes/prod/pods', pods) : unreadScope('kubernetes/prod/pods', pods),
    ]).control.find(({ kind }) => kind === 'spire-agent')?.state

  it('needs attention while its pod does not run, though its SVID is valid', () => {
    const state = stateWith([agentOn('node-b', false), agentOn('node-a', true, 'agent-a')])
    expect(state).toMatchObject({ state: 'attention', reason: { code: 'agent-not-running' } })
    if (state !== undefined)
      expect(reasonSentence(state.reason)).toContain('spire/agent-x, is not ready: “CrashLoopBackOff”')
  })

  it('is verified while one runs, and where nothing says that none does', () => {
    expect(stateWith([agentOn('node-b', true)])).toMatchObject({ state: 'verified' })
    expect(stateWith([agentOn('node-b', false), agentOn('node-b', true, 'agent-y')])).toMatchObject({
      state: 'verified',
    })
    expect(stateWith([agentOn('node-a', false)])).toMatchObject({ state: 'verified' })
    expect(stateWith([agentOn('node-b', false)], false)).toMatchObject({ state: 'verified' })
  })
})

describe('a SPIRE server that federates', () => {
  const stateWith = (bundles: readonly Fact[], isRead = true) => {
    const federated = isRead ? scope('spire/spire/federated', bundles) : unreadScope('spire/spire/federated', bundles)
    return serverOf([...pipeline.scopes, scope('spire/spire/federation', [federationRelationship()]), federated]).state
  }
  const authority = { subjectKeyId: null, sha256: '00', notBefore: builtAt, notAfter: builtAt + 60_000, tainted: false }
  const partner = trustBundle({ trustDomain: 'partner.example', role: 'federated', x509Authorities: [authority] })

  it('needs attention until it holds the bundle of the other trust domain', () => {
    const state = stateWith([])
    expect(state).toMatchObject({ state: 'attention', reason: { code: 'spire-federation-without-bundle' } })
    expect(reasonSentence(state.reason)).toContain('is to federate with partner.example and has no bundle of it')
    expect(stateWith([{ ...partner, x509Authorities: [] }])).toMatchObject({ state: 'attention' })
    expect(stateWith([partner])).toMatchObject({ state: 'verified' })
  })

  it('is not blamed while its bundles cannot be read', () => {
    expect(stateWith([], false)).toMatchObject({ state: 'verified' })
  })
})
