import { access, readFile, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { systemClock } from '../platform/clock.ts'
import { type RunningPlayground, startPlayground } from './index.ts'
import { hops, spiffeIdOf, stageOf, stages } from './pipeline/topology.ts'

const log = { info() {}, warn() {}, error() {} }
const running: RunningPlayground[] = []
afterEach(async () => {
  for (const playground of running.splice(0)) await playground.stop()
})

async function start(opa: string | null = null): Promise<RunningPlayground> {
  const playground = await startPlayground({ clock: systemClock, log, opa, requestsPerSecond: 2 })
  running.push(playground)
  return playground
}

interface Line {
  readonly direction?: string
  readonly code?: number
  readonly down_tls?: string | null
  readonly down_peer_uri_san?: string | null
  readonly decision_id?: string | null
}

function accepted(playground: RunningPlayground, to: string): readonly Line[] {
  const { accessLog } = playground.controls.mesh.sidecar(to)
  return accessLog
    .lines()
    .map(({ text }) => JSON.parse(text) as Line)
    .filter(({ direction, code }) => direction === 'inbound' && (code === 200 || code === 202))
}

/** Hops over which no request came through with mutual TLS yet. */
function silentHops(playground: RunningPlayground): readonly string[] {
  const isCarrying = ({ from, to }: { from: string; to: string }): boolean =>
    accepted(playground, to).some(
      (line) => line.down_tls === 'TLSv1.3' && line.down_peer_uri_san === spiffeIdOf(stageOf(from)),
    )
  return hops.filter((hop) => !isCarrying(hop)).map(({ from, to }) => `${from} to ${to}`)
}

const soon = { timeout: 45_000, interval: 100 }

/** Ports of everything that it listens on. */
function portsOf({ controls: { mesh, simulators } }: RunningPlayground): readonly number[] {
  const targets = mesh.pods().flatMap(({ containers }) => containers.flatMap(({ ports }) => ports))
  return [...targets.map(({ target }) => target()), simulators.spire.port, simulators.kubernetes.port].filter(
    (port) => port !== null,
  )
}

function isOpen(port: number, address = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

test('every hop carries requests over mutual TLS, and without an OPA nobody decides about them', async () => {
  const playground = await start()
  await vi.waitFor(() => expect(silentHops(playground)).toEqual([]), soon)
  expect(playground.authorisation).toBe('no-opa')
  const decided = stages.flatMap(({ id }) => accepted(playground, id).filter((line) => line.decision_id !== null))
  expect(decided).toEqual([])
})

test('two at once do not clash', async () => {
  const [one, other] = await Promise.all([start(), start()])
  expect(one.folder).not.toBe(other.folder)
  expect(portsOf(one).filter((port) => portsOf(other).includes(port))).toEqual([])
  const answered = (playground: RunningPlayground) => playground.controls.mesh.counts().byStatus[200] ?? 0
  await vi.waitFor(() => expect([one, other].every((playground) => answered(playground) > 0)).toBe(true), soon)
})

test('what it is reached by is in one private folder, and goes with it, as does everything that listens', async () => {
  const playground = await start()
  const environment = environmentSchema.parse(parse(await readFile(playground.environmentFile, 'utf8')))
  expect(environment).toMatchObject({ name: 'playground', windowSeconds: 20 })
  const [kubernetes] = environment.sources.kubernetes
  const files = [playground.environmentFile, environment.intent ?? '', kubernetes?.kubeconfig ?? '']
  for (const file of files) {
    expect(file.startsWith(playground.folder)).toBe(true)
    expect((await stat(file)).mode & 0o077).toBe(0)
  }
  const ports = portsOf(playground)
  // Not at every address of this machine, nor at every one that leads back to it.
  expect(await Promise.all(ports.map((port) => isOpen(port, '127.0.0.2')))).toEqual(ports.map(() => false))
  expect(await Promise.all(ports.map((port) => isOpen(port)))).toEqual(ports.map(() => true))
  await playground.stop()
  expect(await Promise.all(ports.map((port) => isOpen(port)))).toEqual(ports.map(() => false))
  await expect(access(playground.folder)).rejects.toThrow('ENOENT')
  await playground.stop()
})

test('an OPA that does not work is no reason not to start', async () => {
  const playground = await start('/no/such/opa')
  expect(playground.authorisation).toBe('no-opa')
  await expect(playground.useOpa('/no/such/opa')).rejects.toThrow('/no/such/opa')
  expect(playground.authorisation).toBe('no-opa')
})

test('one fault at a time is made and healed; what is no fault is refused', async () => {
  const playground = await start()
  await expect(playground.inject('no-such-fault')).rejects.toThrow('no fault no-such-fault')
  expect(playground.active).toBeNull()
  await playground.inject('network-policy-missing')
  expect(playground.active).toBe('network-policy-missing')
  await playground.inject('network-policy-blocks')
  expect(playground.active).toBe('network-policy-blocks')
  await playground.heal()
  expect(playground.active).toBeNull()
})

test('a fault that shows on no wire is not waited for when the playground is stopped', async () => {
  const playground = await startPlayground({ clock: systemClock, log, opa: null, requestsPerSecond: 0.001 })
  running.push(playground)
  const making = expect(playground.inject('wrong-spiffe-id-required')).rejects.toThrow('the playground ends')
  await playground.stop()
  await making
})

/** Whether a stage reported this of a caller after `since`. */
function reported(playground: RunningPlayground, stage: string, since: number, wanted: object): boolean {
  const pod = playground.controls.mesh.pods().find(({ workload }) => workload === stage)
  const logs = pod?.containers.find(({ name }) => name === 'app')?.logs ?? []
  const events = logs.flatMap((one) => one.lines().filter(({ at }) => at >= since))
  return events.some(({ text }) => {
    const event: Record<string, unknown> = JSON.parse(text)
    return Object.entries(wanted).every(([key, value]) => event[key] === value)
  })
}

test('a stage signs with a key that nobody knows, another is reached without the user, and both end when they are told to', async () => {
  const playground = await start()
  const { mesh } = playground.controls
  const signature = { type: 'stage-signature', caller_stage: 'tool-runtime' }
  const user = { type: 'user-identity', caller_stage: 'orchestrator' }
  await mesh.restartStages({ foreignKeyOf: 'tool-runtime', losesUserAt: 'vector-store' })
  await vi.waitFor(() => {
    expect(reported(playground, 'model-server', 0, { ...signature, outcome: 'failed', reason: 'wrong-key' })).toBe(true)
    expect(reported(playground, 'vector-store', 0, { ...user, outcome: 'lost' })).toBe(true)
  }, soon)
  await mesh.restartStages({})
  const healedAt = systemClock.now()
  await vi.waitFor(() => {
    expect(reported(playground, 'model-server', healedAt, { ...signature, outcome: 'verified' })).toBe(true)
    expect(reported(playground, 'vector-store', healedAt, { ...user, outcome: 'exchanged' })).toBe(true)
  }, soon)
})
