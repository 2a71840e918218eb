import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { qualified } from './kinds.ts'
import type { AskedPath, AskedResource } from './request.ts'

/** A refusal in Kubernetes' words: what it sends as a `Status` object. */
export interface Refusal {
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly retryAfterSeconds?: number
}

export const unauthorized: Refusal = { code: 401, reason: 'Unauthorized', message: 'Unauthorized' }
export const unknownResource: Refusal = {
  code: 404,
  reason: 'NotFound',
  message: 'the server could not find the requested resource',
}

/** As the API server says it: `pods "gateway" is forbidden: User "…" cannot get resource "pods/log" in API group "" in the namespace "ai"`. */
export function forbidden(user: string, asked: AskedResource | AskedPath): Refusal {
  if (asked.of === 'path') {
    const message = `forbidden: User ${quoted(user)} cannot ${asked.verb} path ${quoted(asked.url.pathname)}`
    return { code: 403, reason: 'Forbidden', message }
  }
  const { verb, group, resource, subresource, namespace } = asked
  const full = subresource === '' ? resource : `${resource}/${subresource}`
  const where = namespace === null ? 'at the cluster scope' : `in the namespace ${quoted(namespace)}`
  const what = `cannot ${verb} resource ${quoted(full)} in API group ${quoted(group)} ${where}`
  return { code: 403, reason: 'Forbidden', message: `${subject(asked)} is forbidden: User ${quoted(user)} ${what}` }
}

/** Without a reason, which is all that the API server says of a WebSocket whose user lacks `create`. */
export function forbiddenPlainly(asked: AskedResource): Refusal {
  return { code: 403, reason: 'Forbidden', message: `${subject(asked)} is forbidden: ` }
}

export function notFound(asked: AskedResource): Refusal {
  return { code: 404, reason: 'NotFound', message: `${subject(asked)} not found` }
}

export function notAllowed(): Refusal {
  return {
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
  }
}

export function badRequest(message: string): Refusal {
  return { code: 400, reason: 'BadRequest', message }
}

export function expired(from: number, oldest: number): Refusal {
  return { code: 410, reason: 'Expired', message: `too old resource version: ${from} (${oldest})` }
}

/** `pods "gateway"` */
function subject({ resource, group, name }: AskedResource): string {
  return name === null ? qualified(resource, group) : `${qualified(resource, group)} ${quoted(name)}`
}

export function quoted(text: string): string {
  return JSON.stringify(text)
}

export function statusOf({ code, reason, message }: Refusal): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code }
}

export function answer(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export function refuse(response: ServerResponse, refusal: Refusal): void {
  if (refusal.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(refusal.retryAfterSeconds))
  answer(response, refusal.code, statusOf(refusal))
}

/** Refuses to switch protocols. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = Buffer.from(JSON.stringify(statusOf(refusal)))
  const head = [
    `HTTP/1.1 ${refusal.code} ${refusal.reason}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
    ...(refusal.retryAfterSeconds === undefined ? [] : [`retry-after: ${refusal.retryAfterSeconds}`]),
  ]
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]))
}
