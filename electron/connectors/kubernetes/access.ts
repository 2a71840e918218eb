import type { IncomingMessage, RequestOptions } from 'node:http'
import { Agent, request } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { DurationMs } from '../../../shared/domain/model/time.ts'
import { type ProgramCredential, runCredentialProgram } from './credential-program.ts'
import { codeOf, connectionFailure, KubernetesFailure } from './failure.ts'
import type { Kubeconfig } from './kubeconfig.ts'

/** A request as `client.ts` forms it: nothing else reaches a cluster. */
export interface ApiCall {
  readonly method: 'GET' | 'POST'
  /** Path and query below the server's address. */
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Until the status line; the body has its own limits. */
  readonly deadlineMs: DurationMs
  /**
   * For what may have nothing to say for long: told once when the server took the whole request and has not answered for
   * `quietMs`. It is then waited for until the signal, without a deadline.
   */
  quiet?(): void
}

/** A refusal comes sooner than this. */
const quietMs = 2000

export type Upgraded =
  | { readonly kind: 'upgraded'; readonly answer: IncomingMessage; readonly stream: Duplex; readonly head: Buffer }
  | { readonly kind: 'refused'; readonly answer: IncomingMessage }

/** Requests to one API server with one user's credentials. Open until `close`. */
export interface ClusterAccess {
  readonly kubeconfig: Kubeconfig
  /** The answer with its body unread. Rejects with `KubernetesFailure`, or with the signal's reason. */
  open(call: ApiCall, signal: AbortSignal): Promise<IncomingMessage>
  /** Asks to switch protocols. */
  upgrade(call: ApiCall, signal: AbortSignal): Promise<Upgraded>
  /** Ends every connection. */
  close(): void
}

/**
 * Credentials (tokens that are renewed, exec, OIDC, proxies) come from client-node; the requests are our own, because its
 * watch gives up after 30 s of silence and stops at a reset, and its port-forward loses what the server says when it refuses.
 */
export async function openAccess(kubeconfig: Kubeconfig): Promise<ClusterAccess> {
  // Loaded when a cluster is configured: it takes most of a second and 80 MB.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const credentials = new KubeConfig()
  // The program is run by ourselves: within limits, and with words for what it does wrong.
  const { exec, ...user } = kubeconfig.user
  credentials.loadFromClusterAndUser({ ...kubeconfig.cluster }, { ...user })
  const ended = new AbortController()
  const program = exec === undefined ? null : keepCredential(kubeconfig.cluster, exec, ended.signal)
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: 15_000, timeout: 0 })
  // A request that was left before its connection stood gives it back to the agent, also to one that has ended.
  agent.on('free', (socket: Socket) => {
    if (ended.signal.aborted) socket.destroy()
  })
  const server = new URL(kubeconfig.cluster.server)

  async function optionsFor(call: ApiCall, credential: ProgramCredential | null): Promise<RequestOptions> {
    const options: RequestOptions & { rejectUnauthorized?: boolean } = {}
    try {
      await credentials.applyToHTTPSOptions(options)
    } catch (error) {
      throw credentialFailure(error, kubeconfig)
    }
    return {
      ...options,
      ...(credential?.certificate && credential.key ? { cert: credential.certificate, key: credential.key } : {}),
      // Never by NODE_TLS_REJECT_UNAUTHORIZED either.
      rejectUnauthorized: true,
      ...(kubeconfig.cluster.proxyUrl === undefined ? { agent } : {}),
      method: call.method,
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port === '' ? 443 : Number(server.port),
      path: `${server.pathname.replace(/\/+$/, '')}${call.path}`,
      headers: {
        accept: 'application/json',
        'user-agent': 'everyhop',
        ...trimmed(options.headers),
        ...bearer(credential),
        ...call.headers,
      },
    } as RequestOptions
  }

  async function send(call: ApiCall, signal: AbortSignal): Promise<Upgraded> {
    signal.throwIfAborted()
    if (program === null) return sendWith(null, call, signal)
    const credential = await orAborted(program.current(), signal)
    const answered = await sendWith(credential, call, signal)
    if (answered.answer.statusCode !== 401) return answered
    // As kubectl: the credential may have ended before its time, or told none. The refusal stands if the program has no other.
    const other = await orAborted(program.insteadOf(credential), signal).catch(() => credential)
    if (signal.aborted) answered.answer.destroy()
    signal.throwIfAborted()
    if (other === credential) return answered
    answered.answer.destroy()
    return sendWith(other, call, signal)
  }

  async function sendWith(
    credential: ProgramCredential | null,
    call: ApiCall,
    signal: AbortSignal,
    isRetry = false,
  ): Promise<Upgraded> {
    const options = await optionsFor(call, credential)
    signal.throwIfAborted()
    const asked = askedOf(call)
    return new Promise<Upgraded>((resolve, reject) => {
      const sent = request(options)
      let quiet: NodeJS.Timeout | undefined
      const settle = (run: () => void): void => {
        clearTimeout(timer)
        clearTimeout(quiet)
        signal.removeEventListener('abort', stop)
        run()
      }
      const stop = (): void => {
        sent.destroy()
        settle(() => reject(signal.reason))
      }
      const timer = setTimeout(() => {
        sent.destroy()
        settle(() =>
          reject(new KubernetesFailure('timed-out', `${asked}: no answer within ${call.deadlineMs / 1000} s`)),
        )
      }, call.deadlineMs)
      signal.addEventListener('abort', stop, { once: true })
      sent.on('socket', keepAlive)
      const taken = (): void => {
        if (call.quiet === undefined || sent.destroyed) return
        quiet = setTimeout(() => {
          clearTimeout(timer)
          call.quiet?.()
        }, quietMs)
      }
      sent.on('socket', (socket) => {
        // A server that accepts connections and no TLS has not taken the request.
        if (sent.reusedSocket) taken()
        else socket.once('secureConnect', taken)
      })
      sent.on('response', (answer) => {
        settle(() => resolve({ kind: 'refused', answer }))
        // From here on the body ends with the signal.
        const end = (): void => void answer.destroy()
        signal.addEventListener('abort', end, { once: true })
        answer.once('close', () => signal.removeEventListener('abort', end))
        if (signal.aborted) end()
      })
      sent.on('upgrade', (answer, stream, head) => settle(() => resolve({ kind: 'upgraded', answer, stream, head })))
      // Stays for good: an error that comes after the answer must not end the process.
      sent.on('error', (error) =>
        settle(() => {
          // The server closed a kept connection in the moment in which it was used again.
          if (sent.reusedSocket && !isRetry && codeOf(error) === 'ECONNRESET')
            sendWith(credential, call, signal, true).then(resolve, reject)
          else reject(connectionFailure(error, asked))
        }),
      )
      if (signal.aborted) stop()
      else sent.end(call.body)
    })
  }

  return {
    kubeconfig,
    async open(call, signal) {
      const answer = await send(call, signal)
      if (answer.kind === 'refused') return answer.answer
      answer.stream.destroy()
      throw new KubernetesFailure('invalid', `${askedOf(call)}: the server switched protocols without being asked`)
    },
    upgrade: send,
    close() {
      ended.abort(new Error('the cluster is no longer read'))
      agent.destroy()
    },
  }
}

/** So long before its end a credential is fetched anew, and so long a program that failed is left alone. Milliseconds. */
const earlyMs = 10_000
const retryMs = 10_000

interface KeptCredential {
  current(): Promise<ProgramCredential>
  /** Another one than that which was refused, or the same when the program was run for this a moment ago. */
  insteadOf(refused: ProgramCredential): Promise<ProgramCredential>
}

/** Runs the program when its last credential ended or was refused. Whoever asks meanwhile waits for the same run. */
function keepCredential(
  cluster: Kubeconfig['cluster'],
  { config, file }: NonNullable<Kubeconfig['user']['exec']>,
  signal: AbortSignal,
): KeptCredential {
  let run: Promise<ProgramCredential> | null = null
  let until = 0
  let renewedAt = 0
  async function current(): Promise<ProgramCredential> {
    if (run !== null && Date.now() < until) return run
    until = Number.POSITIVE_INFINITY
    run = runCredentialProgram(config, file, cluster, signal)
    run.then(
      ({ expiresAt }) => {
        until = expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt - earlyMs
      },
      () => {
        until = Date.now() + retryMs
      },
    )
    return run
  }
  return {
    current,
    async insteadOf(refused) {
      const now = await current()
      // Many requests are refused at once, and a server that refuses whatever comes must not have the program run for each.
      if (now === refused && Date.now() >= renewedAt + retryMs) {
        renewedAt = Date.now()
        until = 0
      }
      return current()
    },
  }
}

/** Whoever leaves does not wait for a program, which goes on for the others. */
function orAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    value.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function bearer(credential: ProgramCredential | null): Record<string, string> {
  return credential?.token ? { authorization: `Bearer ${credential.token}` } : {}
}

/** `GET /api/v1/pods`: what a person would ask, without the query that only says how. */
export function askedOf(call: Pick<ApiCall, 'method' | 'path'>): string {
  return `${call.method} ${call.path.split('?')[0]}`
}

/** A silent connection is noticed by the system, not only by our own deadlines. */
function keepAlive(socket: Socket): void {
  socket.setKeepAlive(true, 15_000)
}

/** Tokens from files end with a line break, which no header may have. */
function trimmed(headers: RequestOptions['headers']): Record<string, string> {
  if (headers === undefined || Array.isArray(headers)) return {}
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), String(value).trim()]],
    ),
  )
}

function credentialFailure(error: unknown, { place, user }: Kubeconfig): KubernetesFailure {
  const code = codeOf(error)
  // Words of a program may quote what it was given; a code of the system and a path do not.
  const words = code !== null && error instanceof Error ? error.message : 'it failed'
  return new KubernetesFailure(
    'not-configured',
    `${place}: user ${user.name}: the credentials could not be used: ${words}`,
  )
}
