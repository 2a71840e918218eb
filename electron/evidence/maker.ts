import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import type { BuildEvent, EvidenceBuildInput, EvidencePlan, EvidencePlanInput } from '../../shared/contract/evidence.ts'
import { supportedControls } from '../../shared/domain/controls/index.ts'
import { mergedGaps } from '../../shared/domain/evidence/gaps.ts'
import type { PackSummary, VerifyResult } from '../../shared/domain/evidence/model.ts'
import { limitationSentence } from '../../shared/words/evidence.ts'
import { Failure } from '../core/failure.ts'
import type { Seals } from '../core/seals.ts'
import type { EvidenceHandlers } from './handlers.ts'
import type { MakerParts } from './maker-parts.ts'
import { fingerprintOf, hashOfHead } from './pack/bag.ts'
import { demandSame, readReport } from './pack/read-report.ts'
import type { PackProgress, PackRequest } from './pack/request.ts'
import { refuseSecrets } from './pack/secret-gate.ts'
import { bytesFree, copyPack, demandPlace, demandRoom, failureOf, publish, workFolderFor } from './pack/work-folder.ts'
import { newProgress, writePack } from './pack/write-pack.ts'
import { demandPast, prepare } from './preparing.ts'
import { openPackRegistry, type PackEntry, type PackRegistry, summaryOf } from './registry.ts'
import { holdYoungGeneration } from './young-generation.ts'

/** Whoever makes a pack is told this often. Milliseconds. */
const tellMs = 250

/** The evidence namespace of the contract. */
export function createEvidenceHandlers(parts: MakerParts): EvidenceHandlers {
  const registries = new Map<string, Promise<PackRegistry>>()
  const making = new Set<string>()

  async function registryOf(environment: string): Promise<PackRegistry> {
    // It becomes the name of a folder.
    if (!/^[a-z0-9-]{1,63}$/.test(environment)) {
      throw new Failure('not-found', environment, `There is no environment ${environment}.`)
    }
    const known = registries.get(environment)
    if (known !== undefined) return known
    const opened = openPackRegistry(parts.folderOf(environment), parts.log)
    registries.set(environment, opened)
    opened.catch(() => registries.delete(environment)) // whoever asked is told, and the next one tries again
    return opened
  }

  async function entryOf(environment: string, packId: string): Promise<PackEntry> {
    const found = (await registryOf(environment)).entries().find((entry) => entry.packId === packId)
    if (found !== undefined) return found
    throw new Failure('not-found', packId, `${packId} is not in the list of packs of ${environment}.`)
  }

  async function plan(input: EvidencePlanInput, signal: AbortSignal): Promise<EvidencePlan> {
    demandPast(input.period, parts.clock.now())
    const held = await parts.sourcesOf(input.environment)
    try {
      const prepared = await prepare(parts, held, input)
      const plans: EvidencePlan['artefacts'][number][] = []
      for (const artefact of prepared.artefacts) plans.push(await artefact.plan(prepared.sources, input.period, signal))
      const folder = parts.folderOf(input.environment)
      if (folder !== null) await mkdir(folder, { recursive: true, mode: 0o700 })
      return {
        period: input.period,
        trustDomains: prepared.trustDomains,
        artefacts: plans,
        controls: supportedControls(plans.map(({ id }) => id)),
        gaps: mergedGaps([...prepared.watchGaps, ...plans.flatMap(({ population }) => population.gaps)]),
        heads: { sealed: prepared.heads.length, since: prepared.heads[0]?.from ?? null },
        masking: parts.masking,
        signing: await parts.signingOf(input.environment),
        bytesNeeded: prepared.bytesNeeded,
        bytesFree: folder === null ? null : await bytesFree(folder),
      }
    } finally {
      held.release()
    }
  }

  /** From the first check to the pack with its name; nothing of it is left when it rejects. */
  async function make(
    input: EvidenceBuildInput,
    begun: (packId: string, progress: PackProgress) => void,
    signal: AbortSignal,
  ): Promise<{ readonly pack: PackSummary; readonly result: VerifyResult }> {
    const { environment, period } = input
    demandPast(period, parts.clock.now())
    // What is typed goes into the journal too, before anything else is looked through.
    refuseSecrets(input.purpose ?? '', { file: 'the purpose', firstLine: 1 })
    refuseSecrets(input.nonce ?? '', { file: 'the nonce', firstLine: 1 })
    const registry = await registryOf(environment)
    const packId = registry.nextId(parts.clock.now())
    const folder = parts.folderOf(environment)
    const out = outOf(input, folder, packId)
    if (folder !== null) await mkdir(folder, { recursive: true, mode: 0o700 })
    await demandPlace(out)
    // A key that cannot sign is said before minutes of work, not after.
    const signer = await parts.signerOf(environment, input.key, signal)
    const held = await parts.sourcesOf(environment)
    const { journal } = held.sources
    const about = { packId, period, artefacts: input.artefacts, purpose: input.purpose }
    const entry = await journal.begin({
      environment,
      action: 'evidence.create',
      details: { ...about, file: basename(out) },
    })
    const work = workFolderFor(out)
    const release = holdYoungGeneration()
    try {
      // What came until now is in a head of its own, this entry with it.
      await held.sources.seals.seal(parts.clock.now(), signal)
      const prepared = await prepare(parts, held, input)
      await demandRoom(dirname(out), prepared.bytesNeeded)
      const last = await packBefore(registry, held.sources.seals, parts.clock.now())
      const request = requestOf(input, packId, { prepared, signer, last })
      const progress = newProgress(request)
      begun(packId, progress)
      await registry.begin(work, out)
      await mkdir(work, { mode: 0o700 })
      const written = await writePack(work, request, progress, signal)
      const previous = await fileOf(last)
      const result = await parts.verify({ file: written.zip, key: signer.publicKey, previous }, signal)
      if (result.exitCode === 1) throw notVerified(packId, result)
      const { index, sha256, statementSha256, keyFingerprint } = written
      const pack: PackEntry = {
        packId,
        environment,
        period,
        sealedAt: Date.parse(index.createdAt),
        file: out,
        artefacts: [...index.artefacts],
        gaps: [...result.gaps],
        keyFingerprint,
        sha256,
        statementSha256,
        lastHead: index.heads === null ? null : { number: index.heads.last, hash: index.heads.lastHash },
      }
      await registry.ready(work, pack)
      signal.throwIfAborted()
      await publish(written.zip, out, sha256)
      await remember(registry, pack, () =>
        journal.end(entry, 'succeeded', { packId, sha256, keyFingerprint, statementSha256 }),
      )
      return { pack: await summaryOf(pack), result }
    } catch (reason) {
      const why = signal.aborted ? 'stopped' : reason instanceof Failure ? reason.code : 'internal'
      await journal.end(entry, 'failed', { packId, why }).catch((unwritten: unknown) => {
        parts.log.error('the end of an action could not be written down', {
          action: 'evidence.create',
          reason: String(unwritten),
        })
      })
      await registry.end()
      throw failureOf(reason, out)
    } finally {
      release()
      held.release()
      await rm(work, { recursive: true, force: true }).catch((reason: unknown) => {
        parts.log.warn('a work folder could not be removed', { folder: work, reason: String(reason) })
      })
    }
  }

  /** It has its name: what cannot be written down about it now is, at the next start, from what was written down before. */
  async function remember(registry: PackRegistry, pack: PackEntry, end: () => Promise<unknown>): Promise<void> {
    try {
      await registry.add(pack)
      await end()
    } catch (reason) {
      parts.log.error('a pack was made, and could not be put on the list', {
        packId: pack.packId,
        reason: String(reason),
      })
    }
  }

  function requestOf(
    input: EvidenceBuildInput,
    packId: string,
    of: {
      readonly prepared: Awaited<ReturnType<typeof prepare>>
      readonly signer: PackRequest['signer']
      readonly last: PackEntry | null
    },
  ): PackRequest {
    const { last } = of
    const { sources, heads, artefacts, leftOut, watchGaps } = of.prepared
    return {
      packId,
      period: input.period,
      artefacts,
      leftOut,
      purpose: input.purpose,
      sample: input.sample,
      nonce:
        input.nonce === null
          ? { value: randomBytes(16).toString('hex'), isOurs: true }
          : { value: input.nonce, isOurs: false },
      operator: parts.operator,
      console: parts.console,
      trustDomains: of.prepared.trustDomains,
      sources,
      heads,
      deviceKey: sources.seals.deviceKey,
      areSealsKept: sources.seals.assurance === 'file',
      watchGaps,
      masking: parts.masking.rules,
      signer: of.signer,
      previousPack: last === null ? null : { packId: last.packId, statementSha256: last.statementSha256 },
      auditor: parts.auditor(packId, fingerprintOf(of.signer.publicKey)),
      now: () => parts.clock.now(),
    }
  }

  async function* build(input: EvidenceBuildInput, signal: AbortSignal): AsyncGenerator<BuildEvent, void> {
    const { environment } = input
    if (making.has(environment)) {
      const sentence = `A pack of ${environment} is being made already.`
      throw new Failure('conflict', environment, sentence, 'Wait until it is made, or stop it.')
    }
    making.add(environment)
    const left = new AbortController()
    const stopped = AbortSignal.any([signal, left.signal])
    const began = parts.clock.now()
    let state: { readonly packId: string; readonly progress: PackProgress } | null = null
    const work = make(
      input,
      (packId, progress) => {
        state = { packId, progress }
      },
      stopped,
    )
    let isOver = false
    const over = work.then(
      () => {
        isOver = true
      },
      () => {
        isOver = true
      },
    )
    const told = (): BuildEvent | null =>
      state === null
        ? null
        : {
            type: 'progress',
            packId: state.packId,
            step: state.progress.step,
            artefacts: state.progress.artefacts.map((each) => ({ ...each })),
            elapsedMs: parts.clock.now() - began,
          }
    try {
      while (!isOver) {
        const waiting = new AbortController()
        await Promise.race([over, parts.clock.sleep(tellMs, waiting.signal).catch(() => {})])
        waiting.abort(new Error('told'))
        const event = told()
        if (event !== null && !isOver) yield event
      }
      const made = await work
      const last = told()
      if (last !== null) yield last
      yield { type: 'sealed', ...made }
    } finally {
      // Whoever leaves keeps nothing.
      left.abort(
        new Failure('cancelled', environment, 'The making of the pack was stopped, and nothing of it was kept.'),
      )
      await over
      making.delete(environment)
    }
  }

  return {
    plan,
    build,
    async packs({ environment }) {
      const registry = await registryOf(environment)
      return Promise.all(registry.entries().toReversed().map(summaryOf))
    },
    verify: (input, signal) => parts.verifyWithKeyFile(input, signal),
    async report({ environment, packId }) {
      const { file, sha256 } = await entryOf(environment, packId)
      return { html: await readReport(packId, file, sha256) }
    },
    async save({ environment, packId, file }) {
      const found = await entryOf(environment, packId)
      if (!isAbsolute(file)) throw notAbsolute(file)
      // What was made is handed on, and nothing that stands in its place.
      await demandSame(packId, found.file, found.sha256)
      await copyPack(found.file, file, found.sha256)
      return { file }
    },
  }
}

/**
 * The pack that the next one names. Seals in memory begin anew with each run: a pack of other seals is none that it could go on from.
 * Of seals that are kept it always is, and a chain that does not fit is found when the pack is verified.
 */
async function packBefore(registry: PackRegistry, seals: Seals, now: number): Promise<PackEntry | null> {
  const last = registry.entries().at(-1) ?? null
  if (last === null || seals.assurance === 'file') return last
  const { lastHead } = last
  const heads = await seals.heads({ from: 0, to: now })
  const goesOn = heads.some((head) => head.number === lastHead?.number && hashOfHead(head) === lastHead.hash)
  return goesOn ? last : null
}

/** So that the chain of packs is looked at too; null: there is none before, or it was moved. */
async function fileOf(last: PackEntry | null): Promise<string | null> {
  return last === null || (await summaryOf(last)).bytes === null ? null : last.file
}

function outOf({ out }: EvidenceBuildInput, folder: string | null, packId: string): string {
  if (out !== null) {
    if (!isAbsolute(out)) throw notAbsolute(out)
    return out
  }
  if (folder !== null) return join(folder, `${packId}.zip`)
  throw new Failure(
    'invalid',
    packId,
    'Nothing is kept here, so the pack has no place of its own.',
    'Say where it shall be with --out.',
  )
}

function notAbsolute(file: string): Failure {
  return new Failure('invalid', file, `${file} is not the whole path of a file.`, 'Begin it at the root of the disk.')
}

function notVerified(packId: string, { steps }: VerifyResult): Failure {
  const failed = steps
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ step, finding }) => `${step}: ${limitationSentence(finding)}`)
  return new Failure(
    'internal',
    packId,
    `The pack that was made does not verify (${failed.join(' ')}), so it was not kept.`,
    'Make it again. If that does not help, it is a defect: please report what it says here.',
  )
}
