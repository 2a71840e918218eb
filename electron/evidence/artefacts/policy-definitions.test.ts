import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  gapSpanOf,
  spanOf,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import {
  envoyListener,
  extAuthz,
  filterChain,
  opaBundle,
  opaInstance,
  opaPolicy,
} from '../../../test/builders/facts.ts'
import { noon } from '../../../test/builders/log-records.ts'
import { tarArchive } from '../../../test/builders/tar-archive.ts'
import type { LogStatistics } from '../../core/log-statistics.ts'
import { archiveAbout } from './bundle-about.ts'
import { policyDefinitions } from './policy-definitions.ts'

const minute = 60_000
const signal = new AbortController().signal
const configured = { opa: [{ id: 'pdp', api: 'http://127.0.0.1:8181' }] }

function bundleSpan(opa: string, revision: string, fromMinute: number, toMinute: number | null, more = {}) {
  const at = noon + fromMinute * minute
  const base = opaBundle(opa, {
    activeRevision: revision,
    lastSuccessfulRequestAt: at,
    lastSuccessfulActivationAt: at,
    ...more,
  })
  const fact = { ...base, from: { ...base.from, observedAt: at } }
  return spanOf(fact, at, toMinute === null ? null : noon + toMinute * minute)
}

const signed = tarArchive({
  '/.manifest': '{"revision":"r2","roots":["pipeline"]}',
  '/policy.rego': 'package pipeline.authz',
  '/.signatures.json': '{"signatures":[]}',
})

async function collected(parts: EvidenceParts) {
  const to = writtenArtefact()
  const found = await policyDefinitions.collect(evidenceSources({ configured, ...parts }), evidencePeriod, to, signal)
  return { found, to, codes: found.limitations.map(({ code }) => code) }
}

const whole: EvidenceParts = {
  facts: [
    opaInstance('pdp'),
    opaPolicy('pdp'),
    envoyListener('gateway', 'ingress', { filterChains: [filterChain(null, extAuthz())] }),
  ],
  spans: [bundleSpan('pdp', 'r1', -5, 20), bundleSpan('pdp', 'r2', 20, null)],
  bundles: { 'authz@r2': signed },
}

describe('policy definitions', () => {
  test('every revision in force is told, with its bytes where they are kept', async () => {
    const { found, to, codes } = await collected(whole)
    expect(to.records('activations').map(({ opa, revision, inForceFrom }) => [opa, revision, inForceFrom])).toEqual([
      ['pdp', 'r1', '2026-11-22T12:00:00.000Z'],
      ['pdp', 'r2', '2026-11-22T12:20:00.000Z'],
    ])
    const kept = to.records('bundles').find(({ revision }) => revision === 'r2')
    expect(kept).toMatchObject({ kept: true, manifestRevision: 'r2', roots: ['pipeline'], hasSignatures: true })
    expect(to.files.get(String(kept?.['file']))).toBe(signed)
    expect(to.records('bundles').find(({ revision }) => revision === 'r1')).toMatchObject({ kept: false, file: null })
    expect(codes).toContain('bundles-not-kept')
    expect(to.records('policies')).toMatchObject([{ package: 'pipeline.authz' }])
    expect(found.result.state).toBe('operated')
    expect(found.population).toMatchObject({ count: 2, expected: 1, reporting: 1 })
  })

  test('an unsigned bundle deviates where signatures are configured', async () => {
    const bundles = [{ name: 'authz', pointer: 'authz.tar.gz', verification: { keyFile: 'k.pem' } }]
    const { found, to } = await collected({
      ...whole,
      settings: { policy: { bundles } },
      spans: [bundleSpan('pdp', 'r1', -5, null, { signed: false })],
    })
    expect(to.records('activations')).toMatchObject([{ signed: false, deviations: ['unsigned'] }])
    expect(found.result.state).toBe('exception')
  })

  test('an Envoy that lets requests pass without an answer, and an OPA that only pretends, are exceptions', async () => {
    const open = filterChain(null, extAuthz({ failureModeAllow: true }))
    const { found, to } = await collected({
      ...whole,
      facts: [
        opaInstance('pdp', { extAuthz: { address: '127.0.0.1:9191', path: 'pipeline/authz/result', dryRun: true } }),
        envoyListener('gateway', 'ingress', { filterChains: [open] }),
      ],
    })
    expect(to.records('instances')).toMatchObject([{ dryRun: true, deviations: ['dry-run'] }])
    expect(to.records('enforcement')).toMatchObject([{ failureModeAllow: true, deviations: ['failure-mode-allow'] }])
    expect(found.result).toMatchObject({ state: 'exception', reason: { params: { exceptions: 2 } } })
  })

  test('a revision that decided and that no status told of makes the counts differ', async () => {
    const decided = (revisions: readonly string[]): Partial<LogStatistics> => ({
      decisionCounts: async () => ({
        counts: revisions.map((revision) => ({ revision, count: 5 })),
        total: 5 * revisions.length,
        complete: true,
      }),
    })
    const known = await collected({ ...whole, statistics: decided(['r1', 'authz=r2']) })
    expect(known.found.population.control).toEqual({ value: 2, source: 'opa-decisions', difference: 0 })
    const stranger = await collected({ ...whole, statistics: decided(['r1', 'r9']) })
    expect(stranger.found.population.control?.difference).toBe(1)
    expect(stranger.found.result.state).toBe('insufficient')
  })

  test('an OPA that was never read does not report, and one that was away for a while is a gap', async () => {
    const silent = await collected({
      ...whole,
      configured: { opa: [...configured.opa, { id: 'pdp-2', api: 'http://127.0.0.1:8282' }] },
    })
    expect(silent.found.population).toMatchObject({ expected: 2, reporting: 1 })
    expect(silent.found.result.reason.code).toBe('result.not-reporting')
    const away = await collected({
      ...whole,
      gapSpans: [
        gapSpanOf({ source: 'opa', instance: 'pdp', what: 'bundle-status' }, noon + minute, noon + 21 * minute),
      ],
    })
    expect(away.found.population.gaps).toMatchObject([{ source: 'opa/pdp', why: 'unreachable' }])
    expect(away.found.result.state).toBe('insufficient')
  })

  test('an OPA of a cluster that was only ever asked in vain is expected all the same', async () => {
    const { found } = await collected({
      configured: {},
      gapSpans: [
        gapSpanOf({ source: 'opa', instance: 'opa.ai.model-server', what: 'bundle-status' }, noon - minute, null),
      ],
    })
    expect(found.population).toMatchObject({ count: 0, expected: 1, reporting: 0 })
    expect(found.result.state).toBe('insufficient')
  })

  test('nothing recorded is a gap over the whole period, and no OPA is not evaluated', async () => {
    const empty = await collected({ recorded: { from: null, to: null } })
    expect(empty.found.population.gaps).toMatchObject([{ source: 'everyhop', why: 'not-watched' }])
    expect(empty.found.result.state).toBe('insufficient')
    expect((await collected({ configured: {} })).found.result.state).toBe('not-evaluated')
  })

  test('what is kept and cannot be read goes in as it is, and nothing is said of it', async () => {
    const unknown = { manifestRevision: null, roots: null, hasSignatures: null }
    expect(await archiveAbout(Buffer.from('no archive'))).toEqual(unknown)
    expect(await archiveAbout(gzipSync(Buffer.concat([Buffer.from('x'.repeat(200)), Buffer.alloc(400)])))).toEqual(
      unknown,
    )
    expect(await archiveAbout(tarArchive({ '/.manifest': '{"revision":7}' }))).toEqual(unknown)
    expect(await archiveAbout(tarArchive({ 'data.json': '{}' }))).toEqual({
      manifestRevision: null,
      roots: null,
      hasSignatures: false,
    })
  })
})
