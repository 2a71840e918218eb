import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { type BundleServer, startBundleServer } from '../../../electron/playground/mesh/bundle-server.ts'
import { bundleName } from '../../../electron/playground/pipeline/policy-bundle.ts'
import { type LabPlan, type OpaPlan, opaPlanOf } from '../plan.ts'
import { type Server, startServer, waitFor } from '../processes.ts'
import { type BundleBuilder, type BundleOrder, openBundleBuilder } from './bundle.ts'
import { opaConfig } from './config.ts'
import { type Receiver, startReceiver } from './receiver.ts'

/** The OPAs, the server of their bundles, and the receiver of their logs. */
export interface OpaFleet {
  readonly bundleServer: BundleServer
  readonly receiver: Receiver
  servers(): readonly Server[]
  server(id: string): Server
  /** Starts the OPA again after its end; resolves when it answers with an active bundle. One that runs is left alone. */
  start(id: string): Promise<void>
  /** Builds and publishes a revision. Does not wait for the OPAs. */
  publish(order: BundleOrder): Promise<void>
  /** What `/v1/status` says about the policy bundle. */
  bundleStatus(id: string): Promise<BundleStatus>
  close(): Promise<void>
}

const bundleWire = z.object({
  active_revision: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  last_successful_request: z.string().optional(),
})
const statusWire = z.object({ result: z.object({ bundles: z.record(z.string(), bundleWire).optional() }) })

export type BundleStatus = z.infer<typeof bundleWire>

export interface OpaFleetOptions {
  readonly opaBinary: string
  readonly firstRevision: string
  /** Decisions are told in each OPA's own log too. */
  readonly console: boolean
}

export async function startOpas(
  plan: LabPlan,
  options: OpaFleetOptions,
  opened: (server: Server) => void,
): Promise<OpaFleet> {
  const { opaBinary } = options
  const files = new Map(plan.opas.map((opa) => [opa.id, opa.decisionLog]))
  const bundleServer = await startBundleServer(
    plan.bundleServer.address,
    plan.bundleServer.port,
    plan.files.bundleStore,
  )
  const receiver = await startReceiver(plan.receiver.address, plan.receiver.port, files)
  const builder = await openBundleBuilder(plan, opaBinary)
  const running = new Map<string, Server>()
  const start = async (opa: OpaPlan): Promise<void> => {
    const server = startOpa(plan, opa, opaBinary)
    running.set(opa.id, server)
    opened(server)
    const url = `http://${opa.address}:${opa.diagnosticPort}/health?plugins&bundles`
    const healthy = async (): Promise<boolean> => (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok
    await waitFor(`${opa.id} has an active bundle`, healthy, { timeoutMs: 20_000, server })
  }
  const fleet: OpaFleet = {
    bundleServer,
    receiver,
    servers: () => [...running.values()],
    server: (id) => {
      const found = running.get(id)
      if (found === undefined) throw new Error(`no OPA ${id} in the lab`)
      return found
    },
    start: async (id) => {
      if (running.get(id)?.isRunning() !== true) await start(opaPlanOf(plan, id))
    },
    publish: async (order) => bundleServer.publish(await builder.build(order)),
    bundleStatus: (id) => readBundleStatus(opaPlanOf(plan, id)),
    close: async () => {
      await Promise.all([bundleServer.close(), receiver.close()])
    },
  }
  try {
    await startAll(plan, fleet, builder, options)
  } catch (error) {
    await fleet.close()
    throw error
  }
  return fleet
}

async function startAll(
  plan: LabPlan,
  fleet: OpaFleet,
  { publicKey }: BundleBuilder,
  { firstRevision, console }: OpaFleetOptions,
): Promise<void> {
  await Promise.all([
    fleet.publish({ revision: firstRevision }),
    ...plan.opas.map((opa) => writeFile(opa.config, opaConfig(plan, opa, { publicKey, console }))),
  ])
  await Promise.all(plan.opas.map((opa) => fleet.start(opa.id)))
}

function startOpa(plan: LabPlan, opa: OpaPlan, program: string): Server {
  return startServer({
    name: opa.id,
    command: program,
    arguments: [
      'run',
      '--server',
      '--config-file',
      opa.config,
      '--addr',
      `${opa.address}:${opa.apiPort}`,
      '--diagnostic-addr',
      `${opa.address}:${opa.diagnosticPort}`,
      '--log-format',
      'json',
      '--log-level',
      'error',
      '--skip-version-check',
    ],
    logFile: path.join(plan.files.logs, `${opa.id}.log`),
    mark: plan.mark,
  })
}

async function readBundleStatus(opa: OpaPlan): Promise<BundleStatus> {
  const url = `http://${opa.address}:${opa.apiPort}/v1/status`
  const answer = await fetch(url, { signal: AbortSignal.timeout(2000) })
  if (!answer.ok) throw new Error(`${opa.id}: GET /v1/status answered ${answer.status}`)
  const status = statusWire.parse(await answer.json()).result.bundles?.[bundleName]
  if (status === undefined) throw new Error(`${opa.id}: /v1/status does not tell about the bundle ${bundleName}`)
  return status
}
