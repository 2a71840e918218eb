import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unreadScope } from '../../../../test/builders/fact-parts.ts'
import {
  agent,
  agentIdOf,
  diagnoseScopes,
  gateway,
  gatewayEntry,
  type IdentityWorld,
  identityScopes,
  inOrder,
  noneSelected,
  otherMachine,
  ownMachine,
  ranker,
  selecting,
} from '../../../../test/builders/identity-world.ts'
import { clusterStaticEntry, pod, podContainer } from '../../../../test/builders/kubernetes-facts.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { NoIdentityDiagnosis } from './model.ts'

const text = fc.oneof(
  fc.constantFrom('gateway', 'gatewya', 'ranker', 'pipeline', '', '{{ .X }}', '__proto__'),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const key = fc.oneof(fc.constantFrom('app.kubernetes.io/name', 'app', 'constructor'), text)
const labels = fc.dictionary(key, text, { maxKeys: 3 })
const bool = fc.boolean()

const world: fc.Arbitrary<IdentityWorld> = fc
  .record({
    labels,
    asks: labels,
    template: fc.constantFrom(
      'spiffe://{{ .TrustDomain }}/ns/{{ .PodMeta.Namespace }}/sa/{{ .PodSpec.ServiceAccountName }}',
      'spiffe://{{ .TrustDomain }}/{{ index .PodMeta.Labels "app" }}',
      'spiffe://{{ .TrustDomain }}/{{ printf "%s" .PodMeta.Name }}',
    ),
    stats: fc.option(fc.record({ podEntryRenderFailures: fc.nat(2), namespacesIgnored: fc.nat(2) })),
    selector: fc.constantFrom('k8s:sa:gateway', 'k8s:sa:default', 'unix:uid:0', 'k8s:pod-uid:other', 'nonsense'),
    hasObject: bool,
    hasEntry: bool,
    hasStatic: bool,
    parent: fc.constantFrom(ownMachine, otherMachine, 'elsewhere'),
    hasAgent: bool,
    banned: bool,
    agentRuns: bool,
  })
  .map((of) => ({
    ...inOrder,
    pods: [
      gateway({ labels: of.labels }),
      ranker(),
      pod('spire', 'spire-agent-x', { ready: of.agentRuns, containers: [podContainer('spire-agent', [])] }),
    ],
    objects: of.hasObject
      ? [
          selecting(of.asks, {
            spiffeIdTemplate: of.template,
            stats: of.stats === null ? null : { ...noneSelected, ...of.stats },
          }),
        ]
      : [],
    staticEntries: of.hasStatic ? [clusterStaticEntry('other')] : [],
    entries: of.hasEntry ? [gatewayEntry({ selectors: [of.selector], parentId: agentIdOf(of.parent) })] : [],
    agents: of.hasAgent ? [agent(ownMachine, { banned: of.banned }), agent(otherMachine)] : [agent(otherMachine)],
  }))

const sources = ['/pods', '/namespaces', '/nodes', '/clusterspiffeids', '/clusterstaticentries', '/entries', '/agents']
const order = { low: 0, medium: 1, high: 2 } as const

test('a list that cannot be read any more never makes a verdict more certain, unless it says less', () => {
  fc.assert(
    fc.property(world, fc.subarray(sources, { minLength: 1 }), fc.boolean(), (of, taken, isLastKnown) => {
      const scopes = identityScopes(of)
      const whole = diagnoseScopes(scopes)
      const rest = scopes.map((scope) =>
        taken.some((end) => scope.scope.endsWith(end))
          ? unreadScope(scope.scope, isLastKnown ? scope.facts : null)
          : scope,
      )
      const less = tryScopes(rest)
      if (less === null) return
      if (less.verdict.cause === whole.verdict.cause) {
        expect(order[less.verdict.confidence]).toBeLessThanOrEqual(order[whole.verdict.confidence])
      } else if (less.verdict.confidence === 'high') {
        // Another cause at high confidence is one that was true all along and stood behind the first.
        expect(whole.open.map(({ reason }) => reason.params['cause'])).toContain(less.verdict.cause)
      }
    }),
    { numRuns: 400 },
  )
})

test('whatever objects and entries say, it is answered in whole sentences and nothing throws', () => {
  fc.assert(
    fc.property(world, (of) => {
      const { verdict, candidates, open, next, ruledOut } = diagnoseScopes(identityScopes(of))
      const reasons = [verdict.reason, verdict.because, ...verdict.wouldRaise, ...open.map(({ reason }) => reason)]
      expect(open.filter(({ reason }) => reason.code === 'rule-failed-itself')).toEqual([])
      const told = [...reasons, ...next.map(({ reason }) => reason), ...ruledOut.map(({ reason }) => reason)]
      for (const reason of [...told, ...candidates.flatMap(({ notes }) => notes)]) {
        expect(reasonSentence(reason)).not.toMatch(/No words are known|undefined|\[\?\]/)
      }
    }),
    { numRuns: 200 },
  )
})

/** null: without its pods it cannot be named. */
function tryScopes(scopes: Parameters<typeof diagnoseScopes>[0]): NoIdentityDiagnosis | null {
  try {
    return diagnoseScopes(scopes)
  } catch (reason) {
    expect(String(reason)).toContain('not-found')
    return null
  }
}
