import type { StoredDecision } from '../../../core/log-store.ts'
import { longestLine } from '../../intake/line-splitter.ts'
import { understand, uuidShape } from '../records.ts'
import { mayHoldSecret } from '../secret-scan.ts'
import { type Mould, mouldOf } from './event-mould.ts'
import { isBlank, objectAt } from './json-lines.ts'

/** What many decisions have in common: everything but their ids, times and durations, as the schema read it of the first. */
export interface SharedDecision {
  readonly stored: StoredDecision
  /** As in `DecisionColumns.ids`, for events of which these are the same. */
  readonly requestUuid: string
  readonly traceUuid: string
}

/** Decisions as columns: each list has one value for each of them. */
export interface DecisionColumns {
  /** Number in the upload. */
  readonly items: number[]
  readonly shared: SharedDecision[]
  readonly moments: number[]
  readonly evaluations: (number | null)[]
  /** 36 characters of the decision's id, 36 of the request's, 32 of the trace's; blanks where there is none. */
  readonly ids: string[]
}

/** An upload of decisions. In none of it there is a secret. */
export interface ReadDecisions {
  readonly columns: DecisionColumns
  /** Events for the parser; all are JSON. */
  readonly odd: readonly { readonly item: number; readonly value: unknown }[]
}

/**
 * Reads decision events by moulds of those that came before. Every value that it gives is what `understand` gives for the same
 * event; what it is not sure of it leaves to that.
 */
export interface DecisionReader {
  /** null: it is no JSON array of objects, there may be a secret in it, or too much of it is like nothing before. */
  array(content: Buffer): ReadDecisions | null
  /** The events of whole lines, one on each; `odd` are the lines that are left to the parser, with their ends. */
  lines(content: Buffer): { readonly columns: DecisionColumns; readonly odd: readonly Buffer[] }
}

const mostMoulds = 8
/** Making a mould takes as long as parsing some dozens of events. */
const eventsForMould = 2000
const mostShared = 4096
const longestKey = 4000
/** Of an upload; more of them are cheaper read all together. */
const oddOfEvents = 4

const noUuid = ' '.repeat(36)
const noTrace = ' '.repeat(32)
const arrival = { record: 'opa-decisions', source: '', receivedAt: 0 } as const
const nowhere = { in: 'segment', segment: 0, offset: 0, item: 0 } as const

function noDecisions(): DecisionColumns {
  return { items: [], shared: [], moments: [], evaluations: [], ids: [] }
}

export function createDecisionReader(): DecisionReader {
  /** The one that matched last comes first. */
  const moulds: { readonly mould: Mould; readonly shared: Map<string, SharedDecision> }[] = []
  let known = 0
  let mayMake = mostMoulds
  let sinceMade = 0

  function matched(text: string, at: number): RegExpExecArray | null {
    for (const [index, held] of moulds.entries()) {
      const { pattern } = held.mould
      pattern.lastIndex = at
      const found = pattern.exec(text)
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
    if (mould === null) return false
    moulds.unshift({ mould, shared: new Map() })
    for (const { shared } of moulds.splice(mostMoulds)) known -= shared.size
    return true
  }

  /** Of the mould that comes first. */
  function take(found: RegExpExecArray, item: number, into: DecisionColumns): boolean {
    const [held] = moulds
    if (held === undefined) return false
    const { mould } = held
    for (const group of mould.free) if (mayHoldSecret(found[group] ?? '')) return false
    const at = Date.parse(found[mould.timestamp] ?? '')
    if (Number.isNaN(at)) return false
    let key = ''
    for (const group of mould.read) key += `${found[group]}\n`
    const shared = held.shared.get(key) ?? share(found, at, key)
    if (shared === null) return false
    const decision = found[mould.decisionId] ?? ''
    const request = mould.requestId === null ? shared.requestUuid : (found[mould.requestId] ?? '')
    const trace = mould.traceId === null ? shared.traceUuid : (found[mould.traceId] ?? '')
    into.items.push(item)
    into.shared.push(shared)
    into.moments.push(at)
    into.evaluations.push(mould.evaluationNs === null ? shared.stored.evaluationNs : Number(found[mould.evaluationNs]))
    into.ids.push(decision + request + trace)
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

  /** @param end of the event; asked for only when it is like none before. */
  function find(text: string, at: number, end: () => number): RegExpExecArray | null {
    sinceMade += 1
    if (sinceMade >= eventsForMould) {
      sinceMade = 0
      mayMake = Math.min(mostMoulds, mayMake + 1)
    }
    let found = matched(text, at)
    if (found === null) {
      const last = mayMake === 0 ? -1 : end()
      if (last === -1 || !make(text.slice(at, last))) return null
      found = matched(text, at)
    }
    return found
  }

  return {
    lines(content) {
      const columns = noDecisions()
      const odd: Buffer[] = []
      const text = content.toString('latin1')
      for (let at = 0, item = 0; at < text.length; item += 1) {
        const start = at
        const found = find(text, start, () => lineEnd(text, start))
        let end = found === null ? -1 : start + found[0].length
        const isLine = end !== -1 && end - start < longestLine && lineEnd(text, end) === end
        const isTaken = found !== null && isLine && take(found, item, columns)
        end = text.indexOf('\n', isTaken ? end : start)
        at = end === -1 ? text.length : end + 1
        if (!isTaken) odd.push(content.subarray(start, at))
      }
      return { columns: compact(columns), odd }
    },
    array(content) {
      const columns = noDecisions()
      const odd: { item: number; value: unknown }[] = []
      const text = content.toString('latin1')
      let at = afterBlank(text, 0)
      if (text.charCodeAt(at) !== openBracket) return null
      at = afterBlank(text, at + 1)
      for (let item = 0; ; item += 1) {
        const start = at
        const ending = (): number => objectAt(content, start)?.end ?? -1
        const found = find(text, start, ending)
        const isTaken = found !== null && take(found, item, columns)
        const end = isTaken ? start + found[0].length : ending()
        if (!isTaken) {
          const isClean = end !== -1 && !mayHoldSecret(text.slice(start, end))
          const value = isClean ? parsed(content.toString('utf8', start, end)) : undefined
          if (value === undefined || odd.length * oddOfEvents > item + 2 * oddOfEvents) return null
          odd.push({ item, value })
        }
        at = afterBlank(text, end)
        const next = text.charCodeAt(at)
        at = afterBlank(text, at + 1)
        if (next === closeBracket) return at === text.length ? { columns: compact(columns), odd } : null
        if (next !== comma) return null
      }
    },
  }
}

/** Where the line's end begins; -1: the line goes on after the text. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end > from && text.charCodeAt(end - 1) === 13 ? end - 1 : end
}

/** Ids that are no pieces of the text they were in, which would be held with them. */
function compact(columns: DecisionColumns): DecisionColumns {
  const all = Buffer.from(columns.ids.join(''), 'latin1').toString('latin1')
  const length = noUuid.length * 2 + noTrace.length
  return { ...columns, ids: columns.ids.map((_, index) => all.slice(index * length, (index + 1) * length)) }
}

const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c

function afterBlank(text: string, start: number): number {
  let at = start
  while (isBlank(text.charCodeAt(at))) at += 1
  return at
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
