import { describe, expect, test } from 'vitest'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import { kubernetesAuditEvent, noon } from '../../../test/builders/log-records.ts'
import { build, pipeline } from '../../../test/builders/small-graph.ts'
import { binaryAuthorisation } from './binary-authorisation.ts'

const signal = new AbortController().signal
const configured = { logs: [{ id: 'cluster', record: 'kubernetes-audit' as const, file: 'audit.log' }] }

function created(number: number, more: Readonly<Record<string, unknown>> = {}) {
  const base = kubernetesAuditEvent(number)
  const value = {
    ...base,
    verb: 'create',
    objectRef: { resource: 'pods', namespace: 'ai', name: `pod-${number}`, apiVersion: 'v1' },
    responseStatus: { code: 201 },
    ...more,
  }
  return { value, at: noon + number, source: 'cluster' }
}

const watched = (number: number) => ({ value: kubernetesAuditEvent(number), at: noon + number, source: 'cluster' })
const denied = (number: number) =>
  created(number, {
    responseStatus: {
      code: 422,
      status: 'Failure',
      reason: 'Invalid',
      message:
        "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'images-ai' denied request: only images of the registry",
    },
  })

async function collected(parts: EvidenceParts) {
  const to = writtenArtefact()
  const found = await binaryAuthorisation.collect(evidenceSources({ configured, ...parts }), evidencePeriod, to, signal)
  return { found, to, codes: found.limitations.map(({ code }) => code) }
}

describe('binary authorisation', () => {
  test('what ran was asked about: reviews are the population, all else is only leaves', async () => {
    const { found, to } = await collected({
      lines: { 'kubernetes-audit': [watched(1), created(2), created(3), watched(4)] },
    })
    expect(found.population).toMatchObject({ count: 2, method: 'method.admission-reviews', expected: 1, reporting: 1 })
    expect(found.result.state).toBe('operated')
    expect(to.taken.get('kubernetes-audit')?.map(({ take }) => take)).toEqual(['leaf', 'line', 'line', 'leaf'])
  })

  test('a refused request is a violation that the policy is named of', async () => {
    const { found, to } = await collected({ lines: { 'kubernetes-audit': [created(1), denied(2)] } })
    expect(found.result).toMatchObject({ state: 'exception', reason: { params: { exceptions: 1 } } })
    expect(to.records('counts')).toMatchObject(
      [
        { outcome: 'admitted', policy: null, count: 1 },
        { outcome: 'deny', policy: 'images', count: 1 },
      ].toSorted((one, other) => (one.outcome < other.outcome ? -1 : 1)),
    )
  })

  test('a log that tells and has no review says that there was none', async () => {
    const { found } = await collected({ lines: { 'kubernetes-audit': [watched(1)] } })
    expect(found.population).toMatchObject({ count: 0, expected: 1, reporting: 1 })
    expect(found.result.state).toBe('operated')
  })

  test('images of which nothing proves a signature are told, not counted as good', async () => {
    const { to, codes } = await collected({
      lines: { 'kubernetes-audit': [created(1)] },
      graph: build(pipeline.scopes),
    })
    expect(to.records('images').every(({ known }) => known === false)).toBe(true)
    expect(codes.includes('images-not-verified')).toBe(to.records('images').length > 0)
  })

  test('no data is insufficient, and no audit log is not evaluated', async () => {
    expect((await collected({})).found.result.state).toBe('insufficient')
    expect((await collected({ configured: {} })).found.result.state).toBe('not-evaluated')
  })
})
