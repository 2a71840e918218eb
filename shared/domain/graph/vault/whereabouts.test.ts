import { expect, it } from 'vitest'
import { envoyProxy, scope } from '../../../../test/builders/facts.ts'
import { clusterScopes } from '../../../../test/builders/kubernetes-facts.ts'
import { withFacts } from '../../../../test/builders/pipeline.ts'
import { build, ids, pipeline } from '../../../../test/builders/small-graph.ts'
import { vaultHolder, vaultLease, vaultScopes } from '../../../../test/builders/vault-facts.ts'
import type { ScopeState } from '../../model/fact.ts'

const held = vaultScopes([vaultLease('m', vaultHolder(ids.model)), vaultLease('t', vaultHolder(ids.tool))])

it('is not certainly gone while a pod that it may be is there and cannot be told apart', () => {
  // Neither Envoys nor logs tell who anybody is, and no object of the cluster does by its pods.
  const blind = withFacts(
    [...pipeline.scopes, ...held, ...clusterScopes(pipeline.workloads, pipeline.calls)].filter(
      ({ scope: id }) => !/^(envoy|logs)\//.test(id) || id.startsWith('logs/vault-audit/'),
    ),
    'kubernetes/cluster/clusterspiffeids',
    'cluster-spiffe-id',
    () => null,
  )
  const orphansWith = (selectors: readonly string[], more: readonly ScopeState[] = []) => {
    const given = withFacts(blind, 'spire/spire/entries', 'registration-entry', (fact) => ({ ...fact, selectors }))
    const declared = withFacts(given, 'kubernetes/cluster/clusterstaticentries', 'cluster-static-entry', (fact) => ({
      ...fact,
      selectors,
    }))
    const vault = build([...declared, ...more]).control.find(({ kind }) => kind === 'vault')?.vault
    return new Set(vault?.orphaned.map(({ kind, why }) => `${kind} ${why.code}`))
  }
  const unseen = new Set(['unmatched lease-holder-unseen'])
  const gone = new Set(['gone lease-holder-gone'])
  expect(orphansWith(['k8s:ns:tools'])).toEqual(unseen)
  expect(orphansWith(['k8s:ns:tools', 'k8s:sa:tool-runtime', 'k8s:pod-label:a:b'])).toEqual(unseen)
  expect(orphansWith(['k8s:ns:tools', 'k8s:sa:nobody'])).toEqual(gone)
  // What a process is told apart by says nothing of pods: any Envoy without a name may be it.
  expect(orphansWith(['unix:uid:1000'])).toEqual(gone)
  expect(orphansWith(['unix:uid:1000'], [scope('envoy/nameless/proxy', [envoyProxy('nameless')])])).toEqual(unseen)
})
