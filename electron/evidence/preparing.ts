import type { EvidencePlanInput } from '../../shared/contract/evidence.ts'
import { watchGaps } from '../../shared/domain/evidence/gaps.ts'
import { type ArtefactId, artefactIds, type EvidenceGap, type Period } from '../../shared/domain/evidence/model.ts'
import type { SealedHead } from '../../shared/domain/evidence/seals.ts'
import { Failure } from '../core/failure.ts'
import type { Artefact, EvidenceSources } from './artefact.ts'
import type { HeldEvidence, MakerParts } from './maker-parts.ts'

/** Clocks of two machines differ by so much and nobody notices. Milliseconds. */
const slackMs = 60_000
/** Records come later than they happened: OPA uploads what it decided some minutes ago. Milliseconds. */
const lateMs = 3_600_000

/** What a plan and a pack both begin with. */
export interface Prepared {
  readonly artefacts: readonly Artefact[]
  readonly leftOut: readonly ArtefactId[]
  /** Oldest first, without a hole. */
  readonly heads: readonly SealedHead[]
  readonly sources: EvidenceSources
  readonly watchGaps: readonly EvidenceGap[]
  readonly trustDomains: readonly string[]
  /** Bytes that a pack may need on the disk at most, with its work folder. */
  readonly bytesNeeded: number
}

export function demandPast(period: Period, now: number): void {
  if (period.to <= now + slackMs) return
  const end = new Date(period.to).toISOString()
  throw new Failure(
    'invalid',
    'period',
    `The period ends in the future, at ${end}.`,
    'Evidence is of what happened: let it end now or before.',
  )
}

export async function prepare(
  { artefacts }: Pick<MakerParts, 'artefacts'>,
  { sources, trustDomains }: HeldEvidence,
  { period, artefacts: wanted }: Pick<EvidencePlanInput, 'period' | 'artefacts'>,
): Promise<Prepared> {
  // Whose clock is ahead wrote records of the period before it began.
  const begin = period.from - slackMs
  const heads = await sources.seals.heads({ from: begin, to: period.to })
  // What was collected long after the period holds none of its records; the chain goes on to the newest head all the same.
  // Times of heads never go back, as the clock may: then `sealedAt` says when it was.
  const withRecords = heads.filter(
    ({ from, to, sealedAt }) => to > begin && Math.min(from, sealedAt) < period.to + lateMs,
  )
  const leafless = new Set(await sources.seals.leafless(withRecords.map(({ number }) => number)))
  const graph = await sources.graphAt(period.to)
  const recorded = sources.history.state()
  return {
    artefacts: artefacts.filter(({ id }) => wanted.includes(id)),
    leftOut: artefactIds.filter((id) => !wanted.includes(id)),
    heads,
    sources: {
      ...sources,
      heads: withRecords.map(({ number }) => number).filter((number) => !leafless.has(number)),
      leafless: withRecords.filter(({ number }) => leafless.has(number)),
      areLater: withRecords.at(-1)?.number !== heads.at(-1)?.number,
    },
    watchGaps: watchGaps(sources.history.gaps(period), recorded, period),
    trustDomains: [...new Set([...trustDomains, ...(graph?.trustDomains ?? [])])].toSorted(),
    bytesNeeded: await bytesNeeded(sources),
  }
}

/** Of a line on the disk, of its leaves and of its part in the ZIP, as of decisions of a large policy. */
const bytesALine = 1600
/** Graphs, bundles, reports. */
const bytesBeside = 64 * 1024 ** 2

/** All that is held could lie in the period. */
async function bytesNeeded({ logs }: HeldEvidence['sources']): Promise<number> {
  const { records } = await logs.state()
  const lines = Object.values(records).reduce((sum, count) => sum + count, 0)
  return lines * bytesALine + bytesBeside
}
