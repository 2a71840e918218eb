import { watchGapWhys } from '../history/model.ts'
import type { EpochMs } from '../model/time.ts'

/** Evidence of what controls did in a period: types that the maker, the verifier and the screen share. */

/** In the order of a pack; the first five are those of the governance papers. */
export const artefactIds = [
  'policy-definitions',
  'svid-issuance',
  'pipeline-integrity',
  'jit-credentials',
  'binary-authorisation',
  'trust-graph',
  'mtls-coverage',
  'decisions',
  'diagnoses',
  'actions',
] as const
export type ArtefactId = (typeof artefactIds)[number]

/**
 * operated: everything that was to be seen was seen, and nothing deviated. exception: it was seen to deviate. not-evaluated: it
 * was not looked at. insufficient: what was seen is not enough to say. Absent data is never operated.
 */
export const resultStates = ['operated', 'exception', 'not-evaluated', 'insufficient'] as const
export type ResultState = (typeof resultStates)[number]

/** Half-open: `to` is not part of it. */
export interface Period {
  readonly from: EpochMs
  readonly to: EpochMs
}

/** Something the artefact does not show, and why. A code of shared/words/evidence.ts with its parameters. */
export interface Limitation {
  readonly code: string
  readonly params: Readonly<Record<string, string | number | null>>
}

/** Why a source has nothing: the reasons of a `WatchGap`, and those of sources. */
export const evidenceGapWhys = [
  ...watchGapWhys,
  'not-configured',
  'forbidden',
  'unreachable',
  'silent',
  'retention',
  'dropped',
  'disabled',
  'refused',
] as const

/** A time of which a source has nothing. */
export interface EvidenceGap {
  /** Id of the source, `everyhop` where Everyhop itself did not watch. */
  readonly source: string
  readonly from: EpochMs
  /** null: it has not ended. */
  readonly to: EpochMs | null
  readonly why: (typeof evidenceGapWhys)[number]
  /** The source's own words; empty where it has none. */
  readonly detail: string
}

/** How many there are, how that is known, and what an independent count says. */
export interface Population {
  /** null: not known. */
  readonly count: number | null
  /** A code of shared/words/evidence.ts: how it was counted. */
  readonly method: string
  /** Of another source, and how many of these no record stands for; null: there is none. */
  readonly control: { readonly value: number; readonly source: string; readonly difference: number } | null
  /** Records lost at the source or here, by what counted them. Only counters that were read stand here, also when they are 0. */
  readonly dropped: Readonly<Record<string, number>>
  /** Who should have reported, and who did; null: not known. */
  readonly expected: number | null
  readonly reporting: number | null
  readonly gaps: readonly EvidenceGap[]
}

/** `<slug>.meta.json` of an artefact: what an auditor asks of a list before trusting it. Every key is always there. */
export interface ArtefactMeta {
  readonly schema: 'everyhop.evidence.artefact/1'
  readonly id: ArtefactId
  readonly title: string
  readonly governance: boolean
  readonly environment: string
  readonly trustDomains: readonly string[]
  readonly period: { readonly from: string; readonly to: string }
  /** What was asked of what, verbatim. */
  readonly sources: readonly { readonly source: string; readonly instance: string; readonly asked: string }[]
  readonly collected: {
    readonly startedAt: string
    readonly finishedAt: string
    readonly by: string
    readonly console: string
  }
  readonly population: Population
  /** Lines of the NDJSON files together, and of them those that stand for something that deviated. */
  readonly records: number
  readonly exceptions: number
  readonly result: { readonly state: ResultState; readonly reason: Limitation }
  readonly sample: SampleMeta | null
  readonly masked: { readonly rules: string; readonly fields: Readonly<Record<string, number>> }
  readonly limitations: readonly Limitation[]
  /** Controls of `controls.json` that it is evidence for, by their ids there. */
  readonly controls: readonly string[]
  /** In reading order; one Merkle tree over all lines of all of them. */
  readonly files: readonly ArtefactFile[]
  readonly merkle: { readonly size: number; readonly root: string }
}

export interface ArtefactFile {
  /** Relative to the folder of the artefact. */
  readonly name: string
  readonly lines: number
  /**
   * Lines of a head of the seals, `size` leaves in all. Those that are not in the file stand in `withheld`, an NDJSON file of
   * `{"i":index,"leaf":hex}`; the lines take the indexes that are left, in order. null: none is withheld.
   */
  readonly sealed: {
    readonly head: number
    readonly stream: string
    readonly size: number
    readonly withheld: string | null
  } | null
}

/** SHA-256(root ‖ nonce) seeds HMAC-SHA-256(seed, leaf index as 8 bytes big-endian); the `count` smallest are drawn. */
export interface SampleMeta {
  readonly nonce: string
  readonly seed: string
  readonly count: number
  readonly indexes: readonly number[]
  readonly file: string
}

/** `data/index.json`. */
export interface PackIndex {
  readonly schema: 'everyhop.evidence.pack/1'
  readonly packId: string
  readonly environment: string
  readonly trustDomains: readonly string[]
  readonly period: { readonly from: string; readonly to: string }
  readonly createdAt: string
  readonly console: string
  readonly operator: string
  readonly purpose: string | null
  readonly artefacts: readonly {
    readonly id: ArtefactId
    readonly folder: string
    readonly records: number
    readonly exceptions: number
    readonly state: ResultState
    readonly gaps: number
    readonly merkleRoot: string
  }[]
  /** Artefacts that were left out on purpose. */
  readonly leftOut: readonly ArtefactId[]
  /** Since when what is in the pack is sealed; null: only since the pack was made. */
  readonly sealedSince: string | null
  readonly heads: {
    readonly count: number
    readonly first: number
    readonly last: number
    readonly lastHash: string
  } | null
  readonly deviceKey: string
  readonly gaps: readonly EvidenceGap[]
  readonly limitations: readonly Limitation[]
}

/** How a pack stands in the list of packs that were made here. */
export interface PackSummary {
  readonly packId: string
  readonly environment: string
  readonly period: Period
  readonly sealedAt: EpochMs
  readonly file: string
  /** null: the file is no longer there. */
  readonly bytes: number | null
  readonly artefacts: PackIndex['artefacts']
  readonly gaps: readonly EvidenceGap[]
  readonly keyFingerprint: string
  /** SHA-256 of the ZIP. */
  readonly sha256: string
}

/** Steps of a verification, in their order: docs/formats/evidence-pack.md. */
export const verifySteps = [
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
  'previous-pack',
  'secrets',
] as const

/** How one step of the verification ended. */
export interface VerifyStep {
  readonly step: (typeof verifySteps)[number]
  readonly outcome: 'passed' | 'failed' | 'not-checked'
  /** A code of shared/words/evidence.ts with its parameters. */
  readonly finding: Limitation
}

/** Integrity and completeness are two statements. */
export interface VerifyResult {
  readonly packId: string | null
  /** intact: signed by the given key and unchanged since. */
  readonly integrity: 'intact' | 'not-intact' | 'not-verifiable'
  /** Of an intact pack; unknown otherwise. */
  readonly completeness: 'complete' | 'gaps' | 'unknown'
  readonly steps: readonly VerifyStep[]
  readonly gaps: readonly EvidenceGap[]
  readonly artefacts: PackIndex['artefacts']
  /** 0 intact and complete, 1 not intact or not verifiable, 2 intact with gaps. */
  readonly exitCode: 0 | 1 | 2
}
