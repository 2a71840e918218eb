import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Rule } from './access.ts'
import type { AskedResource } from './request.ts'
import { answer, badRequest, notFound, refuse } from './status.ts'

/** Signs a token of a service account; null: there is no such account. */
export type TokenIssuer = (order: {
  readonly namespace: string
  readonly name: string
  readonly audiences: readonly string[] | null
  readonly seconds: number
}) => { readonly token: string; readonly until: number } | null

const longestBody = 64 * 1024
/** A real server signs none for less. */
const shortestSeconds = 600
const rulesReview = z.object({ spec: z.object({ namespace: z.string() }) })
const tokenRequest = z.object({
  spec: z.object({ audiences: z.array(z.string()).nullish(), expirationSeconds: z.number().int().nullish() }),
})

/** SelfSubjectRulesReview: the rules of who asks, which are the same in every namespace here. */
export async function answerRules(
  request: IncomingMessage,
  response: ServerResponse,
  { incomplete, rules }: { readonly incomplete: boolean; readonly rules: readonly Rule[] },
): Promise<void> {
  const asked = rulesReview.safeParse(await jsonOf(request))
  if (!asked.success || asked.data.spec.namespace === '') refuse(response, badRequest('no namespace on request'))
  else {
    answer(response, 201, {
      kind: 'SelfSubjectRulesReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: {},
      spec: {},
      status: {
        resourceRules: rules,
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version'] }],
        incomplete,
      },
    })
  }
}

/** TokenRequest. */
export async function answerToken(
  request: IncomingMessage,
  response: ServerResponse,
  asked: AskedResource,
  issue: TokenIssuer,
): Promise<void> {
  const body = tokenRequest.safeParse(await jsonOf(request))
  if (!body.success) {
    refuse(response, badRequest('the body is no TokenRequest'))
    return
  }
  const { audiences, expirationSeconds } = body.data.spec
  const seconds = expirationSeconds ?? 3600
  if (seconds < shortestSeconds) {
    const message = `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${seconds}: may not specify a duration less than 10 minutes`
    refuse(response, { code: 422, reason: 'Invalid', message })
    return
  }
  const account = { namespace: asked.namespace ?? '', name: asked.name ?? '' }
  const issued = issue({ ...account, audiences: audiences ?? null, seconds })
  if (issued === null) refuse(response, notFound(asked))
  else {
    answer(response, 201, {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: account,
      spec: body.data.spec,
      status: { token: issued.token, expirationTimestamp: new Date(issued.until).toISOString() },
    })
  }
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    const bytes: Buffer = chunk
    length += bytes.length
    if (length > longestBody) return null
    chunks.push(bytes)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return null
  }
}
