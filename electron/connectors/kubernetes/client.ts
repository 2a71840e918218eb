import type { IncomingMessage } from 'node:http'
import type { KubernetesSource } from '../../../shared/domain/model/environment.ts'
import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import { type ApiCall, askedOf, type ClusterAccess, type Upgraded } from './access.ts'
import { connectionFailure, KubernetesFailure } from './failure.ts'
import { splitLines, TooLong } from './lines.ts'
import { collectionPath, type Resource, resourceName } from './resources.ts'
import { listPage, parse, rulesReview, statusObject, tokenRequest, version, watchLine } from './wire.ts'

const megabyte = 1024 * 1024

/** Until the status line of anything. */
const answerWithinMs = 5000
/** A body that stands still longer than this is given up. */
const bodySilenceMs = 10_000
/** The API server sends a bookmark about every minute, so a longer silence is a dead connection. */
const watchSilenceMs = 90_000
const longestPage = 128 * megabyte
/** etcd takes objects up to 1.5 MB; an event carries one. */
const longestEvent = 16 * megabyte
/** Small enough that parsing one page is not felt. */
const pageSize = 200

export interface Page {
  readonly items: readonly unknown[]
  readonly resourceVersion: string
  readonly continue: string | null
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: unknown
}

export interface Rules {
  readonly incomplete: boolean
  readonly rules: readonly {
    readonly verbs: readonly string[]
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
  }[]
}

export interface PodPlace {
  readonly namespace: string
  readonly pod: string
}

/**
 * Everything that Everyhop ever asks of an API server: it lists, watches, reads logs, forwards ports and asks for its own
 * rights. Each call rejects with `KubernetesFailure`, or with the signal's reason.
 */
export interface KubernetesClient {
  /** `v1.36.2`; any answer at all means that the server is there. */
  version(signal: AbortSignal): Promise<string | null>
  list(
    resource: Resource,
    namespace: string | null,
    token: string | null,
    signal: AbortSignal,
    limit?: number,
  ): Promise<Page>
  /** Calls `opened` when the watch stands. Ends when the server ends it; fails with status 410 when the version is too old. */
  watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent>
  rights(namespace: string, signal: AbortSignal): Promise<Rules>
  /** A token of a service account for ten minutes, by the TokenRequest API. Only for what environment.yaml signs in with. */
  serviceAccountToken(
    account: { readonly namespace: string; readonly serviceAccount: string },
    audience: string | null,
    signal: AbortSignal,
  ): Promise<string>
  /** The log as it comes, until it ends. `since`: RFC 3339. */
  log(request: LogRequest, signal: AbortSignal): Promise<IncomingMessage>
  forward(
    pod: PodPlace,
    port: number,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Upgraded>
}

export interface WatchRequest {
  readonly resource: Resource
  readonly namespace: string | null
  readonly resourceVersion: string
  opened(): void
}

export interface LogRequest extends PodPlace {
  readonly container: string
  readonly since: string | null
  readonly tailLines: number | null
  /** The request was taken and nothing came: a kubelet sends even the status line only with the first line. */
  quiet?(): void
}

/** `asks` names a read for gaps and steps: `list pods in namespace edge`. */
export function described(verb: string, resource: Resource, namespace: string | null): string {
  return `${verb} ${resourceName(resource)}${namespace === null ? '' : ` in namespace ${namespace}`}`
}

export function createClient(access: ClusterAccess, now: () => EpochMs): KubernetesClient {
  async function opened(call: ApiCall, signal: AbortSignal, what: string | null = null): Promise<IncomingMessage> {
    const answer = await access.open(call, signal)
    if (answer.statusCode === 200 || answer.statusCode === 201) return answer
    throw await refusal(answer, what ?? askedOf(call), access, now())
  }

  async function json(call: ApiCall, signal: AbortSignal, what?: string): Promise<unknown> {
    const answer = await opened(call, signal, what)
    return parsed(await bodyOf(answer, askedOf(call), longestPage, signal), askedOf(call))
  }

  return {
    async version(signal) {
      const answer = await access.open({ method: 'GET', path: '/version', deadlineMs: answerWithinMs }, signal)
      if (answer.statusCode === 401) throw await refusal(answer, 'GET /version', access, now())
      const body = await bodyOf(answer, 'GET /version', megabyte, signal)
      if (answer.statusCode !== 200) return null
      return parse(version, parsed(body, 'GET /version'), 'GET /version').gitVersion ?? null
    },
    async list(resource, namespace, token, signal, limit = pageSize) {
      const query = new URLSearchParams({ limit: String(limit), ...(token === null ? {} : { continue: token }) })
      const path = `${collectionPath(resource, namespace)}?${query}`
      const what = described('list', resource, namespace)
      const answer = await json({ method: 'GET', path, deadlineMs: answerWithinMs }, signal, what)
      const { items, metadata } = parse(listPage, answer, what)
      return { items, resourceVersion: metadata.resourceVersion, continue: metadata.continue || null }
    },
    watch: (request, signal) => watchOn(opened, request, signal),
    async rights(namespace, signal) {
      const body = JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace },
      })
      const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
      const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
      const what = `SelfSubjectRulesReview of namespace ${namespace}`
      const answer = await json({ method: 'POST', path, body, headers, deadlineMs: answerWithinMs }, signal, what)
      const { status } = parse(rulesReview, answer, what)
      return { incomplete: status.incomplete, rules: status.resourceRules }
    },
    async serviceAccountToken({ namespace, serviceAccount }, audience, signal) {
      const body = JSON.stringify({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 600, ...(audience === null ? {} : { audiences: [audience] }) },
      })
      const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
      const name = encodeURIComponent(serviceAccount)
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${name}/token`
      const what = `token of service account ${namespace}/${serviceAccount}`
      const answer = await json({ method: 'POST', path, body, headers, deadlineMs: answerWithinMs }, signal, what)
      return parse(tokenRequest, answer, what).status.token
    },
    async log({ namespace, pod, container, since, tailLines, quiet }, signal) {
      const query = new URLSearchParams({
        container,
        follow: 'true',
        timestamps: 'true',
        ...(since === null ? {} : { sinceTime: since }),
        ...(tailLines === null ? {} : { tailLines: String(tailLines) }),
      })
      const path = `${podPath({ namespace, pod })}/log?${query}`
      const what = `log of container ${container} of pod ${namespace}/${pod}`
      const asking = { method: 'GET', path, headers: { accept: '*/*' }, deadlineMs: answerWithinMs } as const
      return opened(quiet === undefined ? asking : { ...asking, quiet }, signal, what)
    },
    async forward(place, port, headers, signal) {
      const path = `${podPath(place)}/portforward?ports=${port}`
      // The API server answers 406 to an upgrade that accepts JSON only.
      const asking = {
        method: 'GET',
        path,
        headers: { ...headers, accept: '*/*' },
        deadlineMs: answerWithinMs,
      } as const
      const result = await access.upgrade(asking, signal)
      if (result.kind === 'upgraded') return result
      const failure = await refusal(
        result.answer,
        `port-forward to ${place.namespace}/${place.pod}:${port}`,
        access,
        now(),
      )
      // Without `create` the API server says that it is forbidden, and no more.
      throw failure.status === 403
        ? new KubernetesFailure('forbidden', `${failure.message} (needs get and create on pods/portforward)`, {
            status: 403,
          })
        : failure
    },
  }
}

function podPath({ namespace, pod }: PodPlace): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`
}

async function* watchOn(
  opened: (call: ApiCall, signal: AbortSignal, what: string) => Promise<IncomingMessage>,
  { resource, namespace, resourceVersion, opened: stands }: WatchRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  const what = described('watch', resource, namespace)
  const query = new URLSearchParams({
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion,
    // Not all at once: the watches of one start would otherwise end together too.
    timeoutSeconds: String(240 + Math.floor(Math.random() * 120)),
  })
  const path = `${collectionPath(resource, namespace)}?${query}`
  const answer = await opened({ method: 'GET', path, deadlineMs: answerWithinMs }, signal, what)
  stands()
  try {
    for await (const line of splitLines(quiet(answer, watchSilenceMs, 'end'), longestEvent)) {
      if (line.length === 0) continue
      const event = parse(watchLine, parsed(line, what), what)
      if (event.type !== 'ERROR') yield { type: event.type, object: event.object }
      else throw statusFailure(event.object, what)
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TooLong) throw new KubernetesFailure('invalid', `${what}: an event is longer than 16 MB`)
    throw connectionFailure(error, what)
  } finally {
    answer.destroy()
  }
}

/** Ends the body after a silence of the server: as an error, or, for a watch, as if the server had ended it. */
async function* quiet(answer: IncomingMessage, silenceMs: DurationMs, then: 'fail' | 'end'): AsyncGenerator<Buffer> {
  let isSilent = false
  const waiting = (): NodeJS.Timeout =>
    setTimeout(() => {
      isSilent = true
      answer.destroy()
    }, silenceMs)
  let timer = waiting()
  try {
    for await (const chunk of answer) {
      // While we work on what came, the silence is ours.
      clearTimeout(timer)
      yield chunk as Buffer
      timer = waiting()
    }
  } catch (error) {
    if (!isSilent) throw error
    if (then === 'fail') throw new KubernetesFailure('timed-out', `no more came for ${silenceMs / 1000} s`)
  } finally {
    clearTimeout(timer)
  }
}

async function bodyOf(answer: IncomingMessage, asked: string, most: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of quiet(answer, bodySilenceMs, 'fail')) {
      length += chunk.length
      if (length > most) {
        throw new KubernetesFailure('invalid', `${asked}: the answer is longer than ${most / megabyte} MB`)
      }
      chunks.push(chunk)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw connectionFailure(error, asked)
  }
  if (!answer.complete) {
    signal.throwIfAborted()
    throw new KubernetesFailure('unreachable', `${asked}: the connection ended before the answer did`)
  }
  return Buffer.concat(chunks)
}

function parsed(bytes: Uint8Array, asked: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new KubernetesFailure('invalid', `${asked}: the answer is not JSON`)
  }
}

/** What an answer other than 200 means, in the server's own words. */
async function refusal(
  answer: IncomingMessage,
  what: string,
  access: ClusterAccess,
  now: EpochMs,
): Promise<KubernetesFailure> {
  const status = answer.statusCode ?? 0
  const body = await bodyOf(answer, what, megabyte, new AbortController().signal).catch(() => Buffer.alloc(0))
  const words = saidIn(body)
  const said = `${what}: HTTP ${status}${words === '' ? '' : `: ${words}`}`
  const retryAfter = Number(answer.headers['retry-after'])
  const more = { status, ...(Number.isFinite(retryAfter) ? { retryAfterMs: Math.min(retryAfter, 300) * 1000 } : {}) }
  switch (status) {
    case 401: {
      const end = access.kubeconfig.certificateNotAfter
      const why =
        end !== null && end < now
          ? `; the client certificate of ${access.kubeconfig.place} expired at ${new Date(end).toISOString()}`
          : ''
      return new KubernetesFailure('forbidden', `${said}: the API server does not accept these credentials${why}`, more)
    }
    case 403:
      return new KubernetesFailure('forbidden', said, more)
    case 404:
    case 405:
      return new KubernetesFailure('unsupported', said, more)
    case 429:
      return new KubernetesFailure('unreachable', `${said} (asked to slow down)`, more)
    case 504:
      return new KubernetesFailure('timed-out', said, more)
    default:
      return new KubernetesFailure(status >= 500 ? 'unreachable' : 'invalid', said, more)
  }
}

function saidIn(body: Buffer): string {
  const text = body.toString('utf8')
  try {
    return statusObject.parse(JSON.parse(text)).message ?? ''
  } catch {
    return text.slice(0, 200).trim()
  }
}

/** The `Status` that ends a watch. */
function statusFailure(object: unknown, what: string): KubernetesFailure {
  const status = statusObject.safeParse(object)
  if (!status.success) return new KubernetesFailure('invalid', `${what}: the server ended the watch without a reason`)
  const { code, reason, message } = status.data
  const gone = code === 410 || reason === 'Expired' || reason === 'Gone'
  return new KubernetesFailure('unreachable', `${what}: ${message ?? reason ?? 'the server ended the watch'}`, {
    status: gone ? 410 : (code ?? 500),
  })
}

/** For people: which cluster a source leads to. */
export function addressOf(source: KubernetesSource, access: ClusterAccess | null): string {
  return access?.kubeconfig.cluster.server ?? source.kubeconfig ?? source.context ?? 'the default kubeconfig'
}
