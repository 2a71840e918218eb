import type { StoredDecision } from '../../../core/log-store.ts'
import { longestLine } from '../../intake/line-splitter.ts'
import { understand, uuidShape } from '../records.ts'
import { mayHoldSecret } from '../secret-scan.ts'
import { type Mould, mouldOf } from './event-mould.ts'
import { afterBlank, objectAt } from './json-lines.ts'

/** What many decisions have in common: everything but their ids, times and durations, as the schema read it of the first. */
export interface SharedDecision {
  readonly stored: StoredDecision
  /** As in `DecisionColumns.ids`, for events of which these are the same. */
  readonly requestUuid: string
  readonly traceUuid: string
}

/** Decisions as columns: each list has one value for each of them. */
export interface DecisionColumns {
  /** Number in the upload; of lines: without those that are empty. */
  readonly items: readonly number[]
  readonly shared: readonly SharedDecision[]
  readonly moments: readonly number[]
  readonly evaluations: readonly (number | null)[]
  /** Of each, one after the other, `lengthOfIds` characters: 36 of its id, 36 of the request's, 32 of the trace's; blanks for none. */
  readonly ids: string
}

export const lengthOfIds = 104

/** An upload of decisions. In none of it there is a secret. */
export interface ReadDecisions {
  readonly columns: DecisionColumns
  /** Events for the parser; all are JSON. */
  readonly odd: readonly { readonly item: number; readonly value: unknown }[]
}

export interface OddLine {
  readonly item: number
  readonly line: Buffer
}

/**
 * Reads decision events by moulds of those that came before. Every value that it gives is what `understand` gives for the same
 * event; what it is not sure of it leaves to that.
 */
export interface DecisionReader {
  /** null: it is no JSON array of objects, there may be a secret in it, or too much of it is like nothing before. */
  array(content: Buffer): ReadDecisions | null
  /** The events of whole lines, one on each; `odd` are the lines that are left to the parser, with their ends, and no empty ones. */
  lines(content: Buffer): {
    readonly columns: DecisionColumns
    readonly odd: readonly OddLine[]
    /** Lines that are not empty. */
    readonly count: number
  }
}

const mostMoulds = 8
/** Making a mould takes as long as parsing some dozens of events. */
const eventsForMould = 2000
const mostShared = 4096
const longestKey = 4000
/** Of an upload; more of them are cheaper read all together. */
const oddOfEvents = 4

/**
 * So much is made text at once: a longer text is not forgotten before all memory is looked through. Of it so much is left
 * for an event. Bytes.
 */
const pieceLength = 96 * 1024
const ahead = 16 * 1024

const noUuid = ' '.repeat(36)
const noTrace = ' '.repeat(32)
const arrival = { record: 'opa-decisions', source: '', receivedAt: 0 } as const
const nowhere = { in: 'segment', segment: 0, offset: 0, item: 0 } as const

/** Columns that are being read; their ids are pieces of the text that they are read from. */
interface Columns {
  readonly items: number[]
  readonly shared: SharedDecision[]
  readonly moments: number[]
  readonly evaluations: (number | null)[]
  readonly ids: string[]
}

function noDecisions(): Columns {
  return { items: [], shared: [], moments: [], evaluations: [], ids: [] }
}

interface Held {
  readonly mould: Mould
  /** Groups of the event that it was made of: most are the same in others, and no secret. */
  readonly first: readonly (string | undefined)[]
  /** By what differs from the first event of what the schema reads. */
  readonly shared: Map<string, SharedDecision>
}

export function createDecisionReader(): DecisionReader {
  /** The one that matched last comes first. */
  const moulds: Held[] = []
  let known = 0
  let mayMake = mostMoulds
  let sinceMade = 0

  function matched(text: string, at: number): RegExpExecArray | null {
    for (let index = 0; index < moulds.length; index += 1) {
      const held = moulds[index]
      if (held === undefined) continue
      held.mould.pattern.lastIndex = at
      const found = held.mould.pattern.exec(text)
      if (found === null) continue
      if (index > 0) {
        moulds.splice(index, 1)
        moulds.unshift(held)
      }
      return found
    }
    return null
  }

  function make(event: string): boolean {
    if (mayMake === 0 || parsed(event) === undefined || mayHoldSecret(event)) return false
    mayMake -= 1
    const mould = mouldOf(event)
    const first = mould?.pattern.exec(event) ?? null
    if (mould === null || first === null) return false
    moulds.unshift({ mould, first, shared: new Map() })
    for (const { shared } of moulds.splice(mostMoulds)) known -= shared.size
    return true
  }

  /** Of the mould that comes first. */
  function take(found: RegExpExecArray, item: number, into: Columns): boolean {
    const [held] = moulds
    if (held === undefined) return false
    const { mould, first } = held
    for (const group of mould.free) if (found[group] !== first[group] && mayHoldSecret(found[group] ?? '')) return false
    const at = Date.parse(found[mould.timestamp] ?? '')
    if (Number.isNaN(at)) return false
    let key = ''
    for (const group of mould.read) if (found[group] !== first[group]) key += `${group} ${found[group]}\n`
    const shared = held.shared.get(key) ?? share(found, at, key)
    if (shared === null) return false
    const decision = found[mould.decisionId] ?? ''
    const request = mould.requestId === null ? shared.requestUuid : (found[mould.requestId] ?? '')
    const trace = mould.traceId === null ? shared.traceUuid : (found[mould.traceId] ?? '')
    into.items.push(item)
    into.shared.push(shared)
    into.moments.push(at)
    into.evaluations.push(mould.evaluationNs === null ? shared.stored.evaluationNs : Number(found[mould.evaluationNs]))
    into.ids.push(decision, request, trace)
    return true
  }

  /** By the schema; null when it refuses the event, or reads any of it otherwise than the mould does. */
  function share(found: RegExpExecArray, at: number, key: string): SharedDecision | null {
    const [held] = moulds
    if (held === undefined || key.length > longestKey) return null
    const { mould } = held
    const read = understand(parsed(found[0]), () => '', arrival, nowhere)
    if (read.kind !== 'record' || read.record.stored.record !== 'opa-decisions') return null
    const { stored } = read.record
    const isSame = (group: number | null, value: string | number | null): boolean =>
      group === null || String(value) === found[group]
    const { evaluationNs } = stored
    const isRead =
      stored.at === at &&
      (evaluationNs === null || Number.isSafeInteger(evaluationNs)) &&
      isSame(mould.decisionId, stored.decisionId) &&
      isSame(mould.requestId, stored.requestId) &&
      isSame(mould.traceId, stored.traceId) &&
      isSame(mould.evaluationNs, evaluationNs)
    if (!isRead) return null
    const { requestId, traceId } = stored
    const requestUuid = requestId !== null && uuidShape.test(requestId) ? requestId : noUuid
    const shared = { stored, requestUuid, traceUuid: traceId ?? noTrace }
    if (known >= mostShared) {
      for (const each of moulds) each.shared.clear()
      known = 0
    }
    held.shared.set(key, shared)
    known += 1
    return shared
  }

  /** @param event its text, not as a piece of another; asked for only when it is like none before. */
  function find(text: string, at: number, event: () => string): RegExpExecArray | null {
    sinceMade += 1
    if (sinceMade >= eventsForMould) {
      sinceMade = 0
      mayMake = Math.min(mostMoulds, mayMake + 1)
    }
    let found = matched(text, at)
    if (found === null && mayMake > 0 && make(event())) found = matched(text, at)
    return found
  }

  /** Gives the number of the line after the last. */
  function readLines(content: Buffer, first: number, columns: Columns, odd: OddLine[]): number {
    const text = content.toString('latin1')
    let item = first
    for (let at = 0; at < text.length; ) {
      const start = at
      const found = find(text, start, () => content.toString('latin1', start, Math.max(start, lineEnd(text, start))))
      let end = found === null ? -1 : start + found[0].length
      const isLine = end !== -1 && end - start < longestLine && lineEnd(text, end) === end
      const isTaken = found !== null && isLine && take(found, item, columns)
      end = text.indexOf('\n', isTaken ? end : start)
      at = end === -1 ? text.length : end + 1
      if (!isTaken && isEmptyLine(content, start, at)) continue
      if (!isTaken) odd.push({ item, line: content.subarray(start, at) })
      item += 1
    }
    return item
  }

  return {
    lines(content) {
      const columns = noDecisions()
      const odd: OddLine[] = []
      let count = 0
      for (const lines of piecesOf(content)) count = readLines(lines, count, columns, odd)
      return { columns: compact(columns), odd, count }
    },
    array(content) {
      const columns = noDecisions()
      const odd: { item: number; value: unknown }[] = []
      let at = afterBlank(content, 0)
      if (content[at] !== openBracket) return null
      at = afterBlank(content, at + 1)
      let base = at
      let text = content.toString('latin1', base, base + pieceLength)
      for (let item = 0; ; item += 1) {
        const start = at
        if (start - base > pieceLength - ahead && base + text.length < content.length) {
          base = start
          text = content.toString('latin1', base, base + pieceLength)
        }
        const ending = (): number => objectAt(content, start)?.end ?? start
        const found = find(text, start - base, () => content.toString('latin1', start, ending()))
        const isTaken = found !== null && take(found, item, columns)
        const end = isTaken ? start + found[0].length : ending()
        if (!isTaken) {
          const isClean = end > start && !mayHoldSecret(content.toString('latin1', start, end))
          const value = isClean ? parsed(content.toString('utf8', start, end)) : undefined
          if (value === undefined || odd.length * oddOfEvents > item + 2 * oddOfEvents) return null
          odd.push({ item, value })
        }
        at = afterBlank(content, end)
        const next = content[at]
        at = afterBlank(content, at + 1)
        if (next === closeBracket) return at === content.length ? { columns: compact(columns), odd } : null
        if (next !== comma) return null
      }
    },
  }
}

/** Whole lines, a piece at a time. */
function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let start = 0; start < content.length; ) {
    let end = content.length
    if (start + pieceLength < end) {
      end = content.lastIndexOf(newline, start + pieceLength - 1) + 1
      if (end <= start) end = content.indexOf(newline, start) + 1 || content.length
    }
    yield content.subarray(start, end)
    start = end
  }
}

/** Where the line's end begins; -1: the line goes on after the text. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end > from && text.charCodeAt(end - 1) === 13 ? end - 1 : end
}

/** With its end. */
function isEmptyLine(content: Buffer, start: number, end: number): boolean {
  return content[start] === newline || (end - start <= 2 && content[start] === carriageReturn)
}

/** Nothing of them is a piece of the text that they were read from, which would be held with it. */
function compact(columns: Columns): DecisionColumns {
  return { ...columns, ids: columns.ids.join('') }
}

const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c
const newline = 0x0a
const carriageReturn = 0x0d

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
