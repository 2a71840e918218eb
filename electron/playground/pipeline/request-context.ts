import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { singleHeader } from './http-exchange.ts'

/** What travels with a request through every stage, beside the user's token and the stage's signature. */
export interface RequestContext {
  readonly requestId: string
  readonly traceId: string
  readonly classification: Classification
  /** When the user asked, by the user's own clock, ISO 8601; null: the request does not say. */
  readonly askedAt?: string | null
}

export const classifications = ['internal', 'confidential', 'restricted'] as const
export type Classification = (typeof classifications)[number]

export const classificationHeader = 'x-data-classification'
export const userTokenHeader = 'x-user-token'
export const askedAtHeader = 'x-asked-at'

const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/
const askedAtPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/
/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00; ids of only zeroes are invalid. */
const traceparentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** Reads the context; a missing or malformed part is null. A malformed traceparent starts a new trace, as its specification says. */
export function readContext(message: IncomingMessage): {
  readonly requestId: string | null
  readonly traceId: string | null
  readonly classification: Classification | null
  readonly askedAt: string | null
} {
  const requestId = singleHeader(message, 'x-request-id')
  const named = singleHeader(message, classificationHeader)
  const askedAt = singleHeader(message, askedAtHeader)
  return {
    requestId: requestId !== null && requestIdPattern.test(requestId) ? requestId : null,
    traceId: traceparentPattern.exec(singleHeader(message, 'traceparent') ?? '')?.[1] ?? null,
    classification: classifications.find((known) => known === named) ?? null,
    askedAt: askedAt !== null && askedAtPattern.test(askedAt) ? askedAt : null,
  }
}

/** Headers for the next call: the same trace with a span of its own. */
export function contextHeaders(context: RequestContext): Readonly<Record<string, string>> {
  return {
    'x-request-id': context.requestId,
    traceparent: `00-${context.traceId}-${randomBytes(8).toString('hex')}-01`,
    [classificationHeader]: context.classification,
    ...(context.askedAt === undefined || context.askedAt === null ? {} : { [askedAtHeader]: context.askedAt }),
  }
}

/** Not a UUID: Envoy may write trace decisions into those, and the request id is part of what a stage signs. */
export function newRequestId(): string {
  return `r-${randomBytes(8).toString('hex')}`
}

export function newTraceId(): string {
  return randomBytes(16).toString('hex')
}
