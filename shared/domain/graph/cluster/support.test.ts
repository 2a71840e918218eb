import { describe, expect, it } from 'vitest'
import { clusterScopes, clusterSpiffeId, podContainer, podOf } from '../../../../test/builders/kubernetes-facts.ts'
import { withScope } from '../../../../test/builders/pipeline.ts'
import { build, pipeline, settings } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { PodContainer } from '../../model/kubernetes-facts.ts'

/** The pipeline in a cluster with one more pod, for which a ClusterSPIFFEID declares an identity. */
function policyPod(images: readonly string[], intent = settings.intent) {
  const [any] = pipeline.workloads
  if (any === undefined) throw new Error('no workload')
  const containers = images.map((image, place): PodContainer => ({ ...podContainer(`c${place}`, []), image }))
  const own = { ...podOf(any), id: 'opa-pod', name: 'opa-shared-1', uid: 'u', podIps: ['10.9.9.9'], containers }
  const pod = { ...own, serviceAccount: 'opa-shared', labels: { app: 'opa-shared' } }
  const scopes = withScope(
    withScope(clusterScopes(pipeline.workloads, pipeline.calls), 'kubernetes/cluster/pods', (state) => ({
      ...state,
      facts: [...state.facts, pod],
    })),
    'kubernetes/cluster/clusterspiffeids',
    (state) => ({
      ...state,
      facts: [
        clusterSpiffeId('policy', {
          spiffeIdTemplate:
            'spiffe://pipeline.example/ns/{{ .PodMeta.Namespace }}/sa/{{ .PodSpec.ServiceAccountName }}',
          podSelector: { matchLabels: { app: 'opa-shared' }, matchExpressions: [] },
        }),
      ],
    }),
  )
  const graph = build([...pipeline.scopes, ...scopes], undefined, { intent })
  const found = graph.workloads.find(({ name }) => name === 'opa-shared')
  if (found === undefined) throw new Error(graph.workloads.map(({ id }) => id).join())
  return { found, graph }
}

describe('a pod that only serves the pipeline', () => {
  it('stands in the control plane, with its program and pod as the reason, and is not called verified', () => {
    const { found, graph } = policyPod(['registry.example:5000/openpolicyagent/opa:1.18.2-envoy@sha256:00'])
    expect(found).toMatchObject({ zone: 'control', state: { state: 'unknown', reason: { code: 'serves-pipeline' } } })
    expect(reasonSentence(found.state.reason)).toContain('runs OPA')
    expect(found.state.restsOn).toContain('opa-pod')
    expect(graph.zones.map(({ id }) => id)).toContain('control')
  })

  it('is an ordinary workload where a container beside it is no such program', () => {
    expect(policyPod(['openpolicyagent/opa:1', 'example/shop:2']).found.state.reason.code).toBe('declared-only')
    expect(policyPod(['example/opa-lookalike:1']).found.zone).toBe('unassigned')
  })
})
