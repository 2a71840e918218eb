import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import {
  type ArtefactId,
  artefactIds,
  type EvidenceGap,
  type Limitation,
  type PackSummary,
  type Population,
  type ResultState,
  type VerifyResult,
} from '../domain/evidence/model.ts'
import { environmentInput } from './environments.ts'
import { procedure } from './procedure.ts'

const period = z
  .object({ from: z.number().int().min(0), to: z.number().int().min(1) })
  .refine(({ from, to }) => from < to, { message: 'a period ends after it begins', path: ['to'] })

export const evidencePlanInput = environmentInput.extend({
  period,
  artefacts: z
    .array(z.enum(artefactIds))
    .min(1)
    .default([...artefactIds]),
})
export type EvidencePlanInput = z.infer<typeof evidencePlanInput>

/** What signs the pack; null: what `evidence.signing` of environment.yaml names. */
export const packKey = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('file'), file: z.string().min(1).max(4096) }),
    z.object({
      kind: z.literal('transit'),
      vault: z.string().min(1).max(100),
      transitMount: z.string().min(1).max(200).default('transit'),
      keyName: z.string().min(1).max(200),
    }),
    /** Gets a SHA-256 digest on standard input and gives the signature (DER or r‖s) on standard output. */
    z.object({
      kind: z.literal('command'),
      command: z.array(z.string().min(1).max(4096)).min(1).max(50),
      /** PEM of the public key. */
      publicKeyFile: z.string().min(1).max(4096),
    }),
  ])
  .nullable()
  .default(null)
export type PackKey = NonNullable<z.infer<typeof packKey>>

export const evidenceBuildInput = evidencePlanInput.extend({
  key: packKey,
  /** Absolute path of the ZIP; null: in the data folder. An existing file is never overwritten. */
  out: z.string().min(1).max(4096).nullable().default(null),
  purpose: z.string().max(500).nullable().default(null),
  /** Records that are drawn of each list with a sample; 0: none. */
  sample: z.number().int().min(0).max(1000).default(60),
  /** What the auditor gave to seed the samples; null: one is made, and said to be ours. */
  nonce: z.string().min(1).max(200).nullable().default(null),
})
export type EvidenceBuildInput = z.infer<typeof evidenceBuildInput>

/** What an artefact would hold, and what it would lack, before it is made. */
export interface ArtefactPlan {
  readonly id: ArtefactId
  readonly title: string
  /** Sources it is made of, for people: `OPA status, bundles`. */
  readonly from: string
  /** Records as far as they can be counted beforehand; null: not known. */
  readonly records: number | null
  readonly population: Population
  /** What the state will be at best. */
  readonly expected: { readonly state: ResultState; readonly reason: Limitation }
  readonly limitations: readonly Limitation[]
}

/** A row of "what it supports". */
export interface SupportedControl {
  readonly id: string
  readonly framework: string
  readonly control: string
  readonly title: string
  readonly artefacts: readonly ArtefactId[]
  readonly strength: 'direct' | 'supporting'
  /** When it does not hold, or not yet; empty: none. */
  readonly note: string
}

export interface EvidencePlan {
  readonly period: { readonly from: number; readonly to: number }
  readonly trustDomains: readonly string[]
  readonly artefacts: readonly ArtefactPlan[]
  readonly controls: readonly SupportedControl[]
  readonly gaps: readonly EvidenceGap[]
  readonly heads: { readonly sealed: number; readonly since: number | null }
  readonly masking: { readonly rules: string; readonly fields: number }
  /** The key that would sign; null: none is configured. */
  readonly signing: { readonly kind: PackKey['kind']; readonly name: string } | null
  /** Bytes that the pack may need on the disk at most, and that are free. */
  readonly bytesNeeded: number
  readonly bytesFree: number | null
}

export type BuildStep = 'collect' | 'redact' | 'hash' | 'reconcile' | 'seal'

export type BuildEvent =
  | {
      readonly type: 'progress'
      readonly packId: string
      readonly step: BuildStep
      readonly artefacts: readonly {
        readonly id: ArtefactId
        readonly records: number
        readonly population: number | null
        readonly bytes: number
        /** null: it is not finished. */
        readonly state: ResultState | null
        readonly exceptions: number
        readonly reason: Limitation | null
      }[]
      readonly elapsedMs: number
    }
  | { readonly type: 'sealed'; readonly pack: PackSummary; readonly result: VerifyResult }

export const evidence = {
  /** What a pack of this period would hold and lack. Writes nothing. */
  plan: procedure.input(evidencePlanInput).output(type<EvidencePlan>()),
  /** Makes a pack. Streams progress; when the caller leaves, nothing is kept. `locked`, `forbidden`: the key cannot sign. */
  build: procedure.input(evidenceBuildInput).output(eventIterator(type<BuildEvent>())),
  /** Packs made here of an environment, the latest first. */
  packs: procedure.input(environmentInput).output(type<readonly PackSummary[]>()),
  /** `key`: path of the organisation's public key in PEM, from outside the pack. */
  verify: procedure
    .input(
      z.object({
        file: z.string().min(1).max(4096),
        key: z.string().min(1).max(4096),
        previous: z.string().min(1).max(4096).nullable().default(null),
      }),
    )
    .output(type<VerifyResult>()),
  /** The report of a pack made here, HTML without scripts. `conflict`: the file is not the one that was made. */
  report: procedure
    .input(environmentInput.extend({ packId: z.string().min(1).max(100) }))
    .output(type<{ readonly html: string }>()),
  /** Copies a pack made here to somewhere else. Never overwrites. */
  save: procedure
    .input(environmentInput.extend({ packId: z.string().min(1).max(100), file: z.string().min(1).max(4096) }))
    .output(type<{ readonly file: string }>()),
}
