import { z } from 'zod'
import type { FaultControls, LineLog, PlaygroundOpa } from '../parts.ts'
import { endpointOf } from '../pipeline/endpoints.ts'

/** Steady traffic reaches every hop about once a second; this allows for a machine that is busy. */
const limitMs = 45_000

/** What the checks here look at in a line of a sidecar's access log; see sidecar/access-log.ts for all of it. */
const lineSchema = z.looseObject({
  direction: z.enum(['inbound', 'outbound']),
  path: z.string().nullish(),
  code: z.number().nullish(),
  code_details: z.string().nullish(),
  down_tls: z.string().nullable().default(null),
  client_cert_header: z.string().nullish(),
  decision_id: z.string().nullable().default(null),
})
export type AccessLine = z.infer<typeof lineSchema>

interface Ends {
  readonly from: string
  readonly to: string
}

/** Resolves with the first line from now on that passes. Rejects with a sentence when none did within that time, or it ends. */
export async function nextLine(
  { ended }: Pick<FaultControls, 'ended'>,
  log: LineLog,
  what: string,
  passes: (text: string) => boolean,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const unfollow = log.follow(({ text }) => {
    if (passes(text)) resolve()
  })
  const timer = setTimeout(() => reject(new Error(`within ${limitMs / 1000} s nothing told that ${what}`)), limitMs)
  const breakOff = (): void => reject(ended.reason)
  if (ended.aborted) breakOff()
  ended.addEventListener('abort', breakOff, { once: true })
  try {
    await promise
  } finally {
    clearTimeout(timer)
    ended.removeEventListener('abort', breakOff)
    unfollow()
  }
}

/** Waits until a request of this hop is logged by one end as `passes` wants it. The path tells the hop: each has its own. */
export async function nextRequest(
  playground: FaultControls,
  { from, to }: Ends,
  side: 'caller' | 'callee',
  what: string,
  passes: (line: AccessLine) => boolean,
): Promise<void> {
  const path = endpointOf(from, to).path.filter((part) => part !== '*')
  const prefix = `/${path.join('/')}`
  const direction = side === 'caller' ? 'outbound' : 'inbound'
  const { accessLog } = playground.mesh.sidecar(side === 'caller' ? from : to)
  await nextLine(playground, accessLog, what, (text) => {
    const line = lineSchema.safeParse(JSON.parse(text))
    if (!line.success || line.data.direction !== direction) return false
    return line.data.path?.endsWith(prefix) === true && passes(line.data)
  })
}

/** The caller gets no connection it would send a request over. */
export function hopBreaks(playground: FaultControls, hop: Ends): Promise<void> {
  const what = `${hop.from} fails to reach ${hop.to}`
  return nextRequest(playground, hop, 'caller', what, ({ code }) => code === 503)
}

/** A request comes through over mutual TLS, whatever is decided about it. */
export function hopWorks(playground: FaultControls, hop: Ends): Promise<void> {
  const what = `${hop.to} takes requests of ${hop.from} over TLS`
  return nextRequest(playground, hop, 'callee', what, ({ down_tls: version }) => version === 'TLSv1.3')
}

/** Whether the callee's sidecar got an answer to whether it may let a request in. */
export function hopIsDecided(playground: FaultControls, hop: Ends, isDecided: boolean): Promise<void> {
  const what = `${hop.to} ${isDecided ? 'gets decisions' : 'refuses without a decision'}`
  return nextRequest(playground, hop, 'callee', what, ({ code_details: details }) =>
    isDecided ? details !== 'ext_authz_error' : details === 'ext_authz_error',
  )
}

/** The OPA beside a stage. Rejects where no OPA decides yet: nothing of it can be broken. */
export function opaBeside({ mesh }: FaultControls, stage: string): PlaygroundOpa {
  const found = mesh.opas.find(({ sidecarOf }) => sidecarOf === stage)
  if (found === undefined) throw new Error(`${stage} has no OPA of its own`)
  if (!found.isRunning) throw needsOpa(found.isMissing)
  return found
}

/** Rejects while no OPA decides. */
export function requireOpa({ mesh }: FaultControls): void {
  if (mesh.opas.every(({ isRunning }) => isRunning)) return
  throw needsOpa(mesh.opas.some(({ isMissing }) => isMissing))
}

function needsOpa(isComing: boolean): Error {
  if (isComing) return new Error('An OPA of the playground has ended by itself and is started again. Try again then.')
  return new Error(
    'No OPA decides in the playground yet, so nothing of it can be broken. Get OPA under Policy, then try again.',
  )
}
