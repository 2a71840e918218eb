import { createPublicKey, type KeyObject } from 'node:crypto'
import type { SealedHead } from '../../../shared/domain/evidence/seals.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { Failure } from '../../core/failure.ts'
import { type Journal, sealedAction } from '../../core/journal.ts'
import { maskingVersion } from '../../core/log-lines.ts'
import type { Clock, Log } from '../../core/ports.ts'
import type { Seals } from '../../core/seals.ts'
import { type DeviceKey, fingerprintOf } from './device-key.ts'
import { folderStorage } from './folder-storage.ts'
import { checkHeads, type HeadMark, type HeadsCheck, hashOfLine, headLine, noHead, signedBytes } from './head.ts'
import { memoryStorage } from './memory-storage.ts'
import { sealedLines } from './sealed-lines.ts'
import type { HeadParts, LeafDraft, SealStorage } from './storage.ts'
import { type StreamSources, streamsOf } from './streams.ts'
import { type TakenStream, takeStream } from './take-stream.ts'

export interface SealsOptions extends StreamSources {
  /** null: in memory, until this run ends. */
  readonly folder: string | null
  readonly journal: Pick<Journal, 'lines' | 'note'>
  readonly key: DeviceKey
  readonly clock: Clock
  readonly log: Log
  /** Leaves of heads that ended longer ago are deleted; the heads stay. Milliseconds. */
  readonly leavesKeptMs: number
}

/** How a new head continues the chain. */
interface Chain {
  readonly last: SealedHead | null
  readonly previous: string
  /** Numbers are never given twice, also when heads were taken away: the hole stays to be seen. */
  readonly next: number
  /** Up to where each stream is sealed. */
  readonly sealed: Readonly<Record<string, string>>
}

/**
 * The seals of one environment. A chain that does not verify is said, kept and written on, never repaired. Leaves are safe before
 * their head is written: whatever ends the program in between leaves leaves without a head, which are dropped here, and what they
 * were of is sealed again.
 */
export async function openSeals(options: SealsOptions): Promise<Seals> {
  const { folder, environment, journal, key, clock, log } = options
  const storage = folder === null ? memoryStorage() : await folderStorage(folder, { clock, log })
  const streams = streamsOf(options)
  await storage.addKey(key.fingerprint, key.publicKey)
  const found = await checked()
  if (found.problem !== null) log.error('the seals do not verify', { place: storage.place, ...found.problem })
  let chain = await chainOf(found.heads)
  for (const number of await storage.numbers()) if (number >= chain.next) await storage.drop(number)
  let queue: Promise<unknown> = Promise.resolve()
  let isClosed = false
  await holdElsewhere(false).catch((reason: unknown) => sayUnheld(reason))

  async function checked(): Promise<HeadsCheck> {
    return checkHeads(await storage.headLines(), await publicKeys(storage), await marks())
  }

  /** What is said elsewhere of heads that were written. */
  async function marks(): Promise<readonly HeadMark[]> {
    const anchor = await storage.anchor()
    return [...(await noted()), ...(anchor === null ? [] : [anchor])]
  }

  /** Heads in the journal; of seals in memory none is there. */
  async function noted(): Promise<readonly HeadMark[]> {
    if (storage.kept === 'memory') return []
    const lines = await journal.lines(environment, 0)
    return lines.filter(({ action }) => action === sealedAction).flatMap(({ text }) => markIn(text))
  }

  async function chainOf(heads: readonly SealedHead[]): Promise<Chain> {
    const lines = await storage.headLines()
    const lastLine = lines.at(-1)
    const numbers = [...heads, ...(await marks())].map(({ number }) => number)
    return {
      last: heads.at(-1) ?? null,
      previous: lastLine === undefined ? noHead : hashOfLine(lastLine),
      next: numbers.reduce((most, number) => Math.max(most, number), 0) + 1,
      sealed: await sealedUpTo(heads),
    }
  }

  /** By the newest head whose leaves are held: what only others sealed is sealed again, and can then be shown again. */
  async function sealedUpTo(heads: readonly SealedHead[]): Promise<HeadParts['sealed']> {
    for (const { number } of heads.toReversed()) {
      const parts = await storage.parts(number)
      if (parts !== null) return parts.sealed
    }
    return {}
  }

  /** The anchor and the journal may be a head behind, after a crash or a full disk. */
  async function holdElsewhere(isNew: boolean): Promise<void> {
    const { last, previous } = chain
    if (last === null || storage.kept === 'memory') return
    const anchor = await storage.anchor()
    // One that cannot be read is left to be found until a new head replaces it.
    const isBehind = anchor === null || (anchor.number >= 0 && anchor.number < last.number)
    if (isBehind || isNew) await storage.setAnchor({ number: last.number, hash: previous })
    const inJournal = (await noted()).some(({ number }) => number >= last.number)
    if (!inJournal) await note(last, previous)
  }

  async function note({ number, key: signedBy }: SealedHead, hash: string): Promise<void> {
    await journal.note({ environment, action: sealedAction, details: { number, hash, key: signedBy } })
  }

  function sayUnheld(reason: unknown): void {
    log.warn('a head was sealed, and only its own file says so until the next', {
      place: storage.place,
      reason: reason instanceof Error ? reason.message : String(reason),
    })
  }

  async function sealNow(now: EpochMs, signal: AbortSignal): Promise<SealedHead | null> {
    if (isClosed) throw new Failure('unreachable', environment, 'The seals of this environment are closed.')
    let draft: LeafDraft | null = null
    const begin = async (): Promise<LeafDraft> => (draft ??= await storage.begin(chain.next))
    try {
      const taken: TakenStream[] = []
      for (const stream of streams) {
        const found = await takeStream(stream, chain.sealed[stream.stream] ?? null, begin, signal)
        if (found !== null) taken.push(found)
      }
      if (taken.every(({ isOurs }) => isOurs)) {
        await abandon(draft)
        return null
      }
      const sealed = {
        ...chain.sealed,
        ...Object.fromEntries(taken.map(({ head, last }) => [head.stream, last])),
      }
      const parts = Object.fromEntries(taken.map(({ head, after, last }) => [head.stream, { after, last }]))
      await (await begin()).finish({ streams: parts, sealed })
      const head = signedHead(taken, now)
      const line = headLine(head)
      await storage.appendHead(line)
      chain = { last: head, previous: hashOfLine(line), next: head.number + 1, sealed }
      await holdElsewhere(true).catch((reason: unknown) => sayUnheld(reason))
      await dropOld(now).catch((reason: unknown) => log.warn('old leaves stay', { reason: String(reason) }))
      return head
    } catch (reason) {
      await abandon(draft).catch(() => {}) // the next start drops it
      throw reason
    }
  }

  function signedHead(taken: readonly TakenStream[], now: EpochMs): SealedHead {
    const { last, previous, next } = chain
    const earliest = taken.reduce((least, each) => Math.min(least, each.earliest), now)
    const latest = taken.reduce((most, each) => Math.max(most, each.latest), 0)
    const from = last?.to ?? earliest
    // Whoever asked may have waited its turn, while lines came that the last head has.
    if (last !== null && clock.now() < last.to) {
      log.warn('the clock stepped back since the last head', { environment, lastTo: last.to, now: clock.now() })
    }
    const unsigned = {
      number: next,
      from,
      to: Math.max(from, now, latest + 1),
      sealedAt: now,
      streams: taken.map(({ head }) => head).toSorted((one, other) => (one.stream < other.stream ? -1 : 1)),
      masking: maskingVersion,
      previous,
      key: key.fingerprint,
    }
    return { ...unsigned, signature: key.sign(signedBytes(unsigned)).toString('base64') }
  }

  /** The newest stays: it says where to go on. */
  async function dropOld(now: EpochMs): Promise<void> {
    const { heads } = checkHeads(await storage.headLines(), new Map(), [])
    const ends = new Map(heads.map(({ number, to }) => [number, to]))
    for (const number of (await storage.numbers()).slice(0, -1)) {
      const to = ends.get(number)
      if (to !== undefined && to < now - options.leavesKeptMs) await storage.drop(number)
    }
  }

  async function readHeads(): Promise<readonly SealedHead[]> {
    await queue
    return checkHeads(await storage.headLines(), new Map(), []).heads
  }

  async function byNumber(numbers: readonly number[]): Promise<readonly SealedHead[]> {
    const heads = new Map((await readHeads()).map((head) => [head.number, head]))
    return numbers.map((number) => {
      const head = heads.get(number)
      if (head !== undefined) return head
      throw new Failure('not-found', environment, `There is no sealed head ${number} of ${environment}.`)
    })
  }

  return {
    deviceKey: key.publicKey,
    assurance: storage.kept === 'memory' ? 'memory' : key.assurance,
    seal(now, signal = new AbortController().signal) {
      const sealed = queue.then(() => sealNow(now, signal))
      queue = sealed.catch(() => {}) // whoever asked hears of it; the next may do better
      return sealed
    },
    async heads({ from }) {
      const heads = await readHeads()
      const first = heads.findIndex(({ to }) => to > from)
      return first < 0 ? [] : heads.slice(first)
    },
    async leafless(numbers) {
      const held = await Promise.all(numbers.map((number) => storage.parts(number)))
      return numbers.filter((_number, index) => held[index] === null)
    },
    async *lines(stream, numbers, signal) {
      const heads = await byNumber(numbers)
      const own = streams.find((each) => each.stream === stream)
      if (own !== undefined) yield* sealedLines(storage, own, heads, signal)
    },
    async verify() {
      await queue
      const { heads, problem } = await checked()
      return { heads: heads.length, problem }
    },
    async close() {
      isClosed = true
      await queue
      await storage.close()
    },
  }
}

async function abandon(draft: LeafDraft | null): Promise<void> {
  await draft?.abandon()
}

async function publicKeys(storage: SealStorage): Promise<ReadonlyMap<string, KeyObject>> {
  const keys = new Map<string, KeyObject>()
  for (const pem of await storage.keys()) {
    try {
      const key = createPublicKey(pem)
      keys.set(fingerprintOf(key), key)
    } catch {
      // What is no key verifies nothing: the head that needs it is then named.
    }
  }
  return keys
}

function markIn(text: string): readonly HeadMark[] {
  const entry: unknown = JSON.parse(text)
  const details: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'details') : null
  if (typeof details !== 'object' || details === null) return []
  const number: unknown = Reflect.get(details, 'number')
  const hash: unknown = Reflect.get(details, 'hash')
  return typeof number === 'number' && typeof hash === 'string' ? [{ number, hash }] : []
}
