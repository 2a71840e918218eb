import type { BuildEvent, EvidenceBuildInput, EvidencePlan } from '../../shared/contract/evidence.ts'
import {
  type ArtefactId,
  artefactIds,
  type PackSummary,
  type ResultState,
  type VerifyResult,
} from '../../shared/domain/evidence/model.ts'
import { artefactTitles } from '../../shared/words/evidence.ts'

const hour = 3_600_000

const froms: Readonly<Record<ArtefactId, string>> = {
  'policy-definitions': 'OPA status, bundles',
  'svid-issuance': 'SPIRE audit log',
  'pipeline-integrity': 'stages, intent',
  'jit-credentials': 'Vault audit log',
  'binary-authorisation': 'API server audit log',
  'trust-graph': 'history of facts',
  'mtls-coverage': 'Envoy access logs',
  decisions: 'OPA decision logs',
  diagnoses: 'diagnoses made here',
  actions: 'action journal',
}

const states: readonly ResultState[] = [
  'operated',
  'operated',
  'exception',
  'insufficient',
  'insufficient',
  'operated',
  'operated',
  'operated',
  'not-evaluated',
  'operated',
]

function gapAt(at: number) {
  return {
    source: 'vault/main',
    from: at - 40 * hour,
    to: at - 9 * hour,
    why: 'disabled' as const,
    detail: 'Audit device file/ was off.',
  }
}

/** Invented packs, plans and progress. */
export function evidenceFixture(situation: string, now: number) {
  const gap = gapAt(now)
  const artefacts = artefactIds.map((id, at) => ({
    id,
    folder: `${String(at + 1).padStart(2, '0')}-${id}`,
    records: [6, 133_920, 41, 22_806, 9_113, 64, 240, 1_000_000, 0, 12][at] ?? 0,
    exceptions: states[at] === 'exception' ? 41 : 0,
    state: states[at] ?? 'operated',
    gaps: states[at] === 'insufficient' ? 1 : 0,
    merkleRoot: '0'.repeat(64),
  }))
  const pack: PackSummary = {
    packId: 'EP-2026-0006',
    environment: 'lab',
    period: { from: now - 54 * hour, to: now - 30 * hour },
    sealedAt: now - 29 * hour,
    file: '/srv/everyhop/data/evidence/lab/EP-2026-0006.zip',
    bytes: 48_200_000,
    artefacts,
    gaps: [gap],
    keyFingerprint: '8d41c0ffee8d41c0ffee8d41c0ffee8d41c0ffee8d41c0ffee8d41c0ffee8d41',
    sha256: 'ab'.repeat(32),
  }
  const result: VerifyResult = {
    packId: pack.packId,
    integrity: 'intact',
    completeness: 'gaps',
    steps: (
      [
        'container',
        'signature',
        'statement',
        'tag-manifest',
        'payload-manifest',
        'file-set',
        'schema',
        'artefacts',
        'seals',
        'chain',
        'sample',
        'secrets',
      ] as const
    ).map((step) => ({ step, outcome: 'passed', finding: { code: `${step}.passed`, params: { count: 214 } } })),
    gaps: [gap],
    artefacts,
    exitCode: 2,
  }
  const plan = (input: { period: EvidencePlan['period']; artefacts?: readonly ArtefactId[] }): EvidencePlan => ({
    period: input.period,
    trustDomains: ['ai.example'],
    artefacts: (input.artefacts ?? artefactIds).map((id) => {
      const at = artefactIds.indexOf(id)
      const state = states[at] ?? 'operated'
      return {
        id,
        title: artefactTitles[id],
        from: froms[id],
        records: artefacts[at]?.records ?? 0,
        population: {
          count: state === 'insufficient' ? null : (artefacts[at]?.records ?? 0),
          method: 'lines',
          control: null,
          dropped: {},
          expected: 12,
          reporting: state === 'insufficient' ? 11 : 12,
          gaps: state === 'insufficient' ? [gap] : [],
        },
        expected: {
          state,
          reason: { code: 'reporting', params: { reporting: state === 'insufficient' ? 11 : 12, expected: 12 } },
        },
        limitations: id === 'decisions' ? [{ code: 'opa.memory-buffer', params: {} }] : [],
      }
    }),
    controls: (
      [
        ['APRA CPS 234', 'para 21', 'controls commensurate with the threat', 'direct', ''],
        ['NIST SP 800-207', 'T2 T3 T6', 'communication secured, access by session', 'direct', ''],
        ['ISO/IEC 27001:2022', 'A.5.15', 'access control', 'direct', ''],
        ['SOC 2', 'CC6.3', 'access is modified and removed', 'supporting', 'Period covered in part'],
        ['EU AI Act', 'Art. 9', 'risk management', 'supporting', 'applies from 2 Dec 2027, preparatory'],
      ] as const
    ).map(([framework, control, title, strength, note]) => ({
      id: `${framework} ${control}`,
      framework,
      control,
      title,
      artefacts: ['policy-definitions', 'svid-issuance', 'jit-credentials'] as const,
      strength,
      note,
    })),
    gaps: [{ source: 'everyhop', from: now - 8 * hour, to: now - 6 * hour, why: 'asleep', detail: '' }],
    heads: { sealed: 25, since: now - 25 * hour },
    masking: { rules: 'mask-2', fields: 17 },
    signing: situation === 'asks' ? null : { kind: 'transit', name: 'evidence of main (Vault Transit)' },
    bytesNeeded: 400_000_000,
    bytesFree: 80_000_000_000,
  })
  async function* build(input: EvidenceBuildInput): AsyncGenerator<BuildEvent> {
    const steps = ['collect', 'redact', 'hash', 'reconcile', 'seal'] as const
    for (let tick = 0; tick < 60; tick += 1) {
      yield {
        type: 'progress',
        packId: 'EP-2026-0007',
        step: steps[Math.min(4, Math.floor(tick / 12))] ?? 'seal',
        elapsedMs: tick * 700,
        artefacts: input.artefacts.map((id, at) => {
          const whole = artefacts[artefactIds.indexOf(id)]?.records ?? 0
          const isDone = tick > at * 3
          return {
            id,
            records: isDone ? whole : Math.floor((whole * Math.max(0, tick - at * 3 + 3)) / 3),
            population: whole,
            bytes: tick * 900_000,
            state: isDone ? (states[artefactIds.indexOf(id)] ?? null) : null,
            exceptions: 0,
            reason: null,
          }
        }),
      }
      await new Promise((resolve) => setTimeout(resolve, 700))
    }
    yield { type: 'sealed', pack: { ...pack, packId: 'EP-2026-0007' }, result: { ...result, packId: 'EP-2026-0007' } }
  }
  return {
    evidence: {
      plan: async (input: { period: EvidencePlan['period']; artefacts?: readonly ArtefactId[] }) => plan(input),
      build: async (input: EvidenceBuildInput) => build(input),
      packs: async () =>
        situation === 'lab' ? [] : [pack, { ...pack, packId: 'EP-2026-0005', bytes: null, gaps: [] }],
      verify: async () => result,
      report: async () => ({ html: '<!doctype html><h1>EP-2026-0006</h1>' }),
      save: async ({ file }: { file: string }) => ({ file }),
    },
  }
}
