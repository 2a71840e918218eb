import { expect, test } from 'vitest'
import type { KubernetesEventFact } from '../../../shared/domain/model/kubernetes-facts.ts'
import { evidencePeriod, evidenceSources, spanOf, writtenArtefact } from '../../../test/builders/evidence-sources.ts'
import { provenance } from '../../../test/builders/facts.ts'
import { binaryAuthorisation } from './binary-authorisation.ts'

const configured = { logs: [{ id: 'cluster', record: 'kubernetes-audit' as const, file: 'audit.log' }] }

function event(name: string, message: string, lastAt: number): KubernetesEventFact {
  return {
    kind: 'kubernetes-event',
    id: `kubernetes/cluster/events#kubernetes-event/ai/${name}`,
    from: provenance('kubernetes', 'cluster', 'GET events'),
    cluster: 'cluster',
    namespace: 'ai',
    name,
    uid: name,
    resourceVersion: '1',
    labels: {},
    type: 'Warning',
    reason: 'FailedCreate',
    message,
    regarding: { kind: 'ReplicaSet', namespace: 'ai', name: 'gateway-7d9' },
    count: 3,
    lastAt,
  }
}

const refused =
  "Error creating: pods \"gateway-7d9\" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'images-ai' denied request: no digest"
const events = [
  event('refused', refused, evidencePeriod.from + 1000),
  event('of-before', refused, evidencePeriod.from - 1),
  event('quota', 'Error creating: pods "x" is forbidden: exceeded quota: compute', evidencePeriod.from + 1000),
]

async function collected(sources: object) {
  const to = writtenArtefact()
  const parts = evidenceSources({ configured: sources, spans: events.map((fact) => spanOf(fact)) })
  const found = await binaryAuthorisation.collect(parts, evidencePeriod, to, new AbortController().signal)
  return { found, records: to.records('events') }
}

test('what a controller was refused stands in the evidence, by policy, and deviates where no audit log tells it', async () => {
  const { found, records } = await collected({})
  expect(records).toMatchObject([
    {
      cluster: 'cluster',
      reason: 'FailedCreate',
      regarding: { kind: 'ReplicaSet', namespace: 'ai', name: 'gateway-7d9' },
      countAtLeast: 3,
      admission: { kind: 'policy', policy: 'images', binding: 'images-ai', action: 'deny', message: 'no digest' },
    },
  ])
  // Something was refused, and nobody counts the requests: it is never taken for operated.
  expect(found.result.state).toBe('insufficient')
})

test('with an audit log the same refusal is not counted twice', async () => {
  const { found, records } = await collected(configured)
  expect(records).toHaveLength(1)
  expect(found.result.reason.code).not.toBe('result.exceptions')
})

test('an Event of before that Kubernetes counted on in the period is of the period', async () => {
  const before = event('refused-again', refused, evidencePeriod.from - 60_000)
  const latest = { ...before, count: 9, lastAt: evidencePeriod.from + 1000 }
  const to = writtenArtefact()
  const parts = evidenceSources({ spans: [{ ...spanOf(before), latest }] })
  await binaryAuthorisation.collect(parts, evidencePeriod, to, new AbortController().signal)
  expect(to.records('events')).toMatchObject([{ countAtLeast: 9, at: new Date(latest.lastAt).toISOString() }])
})
