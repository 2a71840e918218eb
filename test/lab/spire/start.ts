import { copyFile, readFile, writeFile } from 'node:fs/promises'
import type { AgentPlan, LabPlan } from '../plan.ts'
import { type Server, startServer, waitFor } from '../processes.ts'
import type { SpirePolicyFiles } from '../provision/spire-policy.ts'
import { certificateAttestation, type NodeAttestation } from './attestation.ts'
import { agentConfig, agentFiles, readerRule, serverConfig, spireFiles } from './config.ts'
import { openSpireTool, type Registration, type SpireTool } from './server-tool.ts'

export interface SpireServers {
  readonly server: Server
  readonly tool: SpireTool
  /** By machine. */
  readonly agents: ReadonlyMap<string, Server>
}

export interface SpirePrograms {
  readonly server: string
  readonly agent: string
  readonly policy: SpirePolicyFiles
}

export interface SpireOptions {
  /** How agents prove their machines; by certificates of the lab otherwise. */
  readonly attestation?: NodeAttestation
  /** Takes over the entries once the server is ready; the server's command line makes them otherwise. */
  readonly registerBy?: (tool: SpireTool) => Promise<Registration>
}

/** Starts the SPIRE server and its agents, and makes the entries of all stages and the reader's identity. */
export async function startSpire(
  plan: LabPlan,
  programs: SpirePrograms,
  opened: (server: Server) => void,
  options: SpireOptions = {},
) {
  const attestation = options.attestation ?? certificateAttestation(plan)
  const files = spireFiles(plan)
  // The server reads the CA of the machines when it starts; tokens are asked of a cluster that starts beside it.
  if (options.attestation === undefined) await Promise.all(plan.spire.agents.map((agent) => attestation.prepare(agent)))
  await Promise.all([
    writeFile(files.serverConfig, serverConfig(plan, attestation)),
    Promise.all([readFile(programs.policy.rego, 'utf8'), readerRule()]).then((texts) =>
      writeFile(files.policy, texts.join('')),
    ),
    copyFile(programs.policy.data, files.policyData),
    ...plan.spire.agents.map((agent) =>
      writeFile(agentFiles(plan, agent).config, agentConfig(plan, agent, attestation)),
    ),
  ])
  const server = startServer({
    name: 'SPIRE server',
    command: programs.server,
    arguments: ['run', '-config', files.serverConfig],
    logFile: `${files.serverLog}.out`,
    ownLogFile: files.serverLog,
    mark: plan.mark,
  })
  opened(server)
  await waitForHealth('SPIRE server is ready', plan, plan.spire.healthPort, server)
  const tool = openSpireTool(plan, programs.server)
  await tool.exportTrustBundle()
  const agents = new Map<string, Server>()
  const register = async (): Promise<Registration> => {
    const registration = (await options.registerBy?.(tool)) ?? tool
    await registration.createEntries(plan.stages)
    return registration
  }
  const [registration] = await Promise.all([
    register(),
    tool.mintReader(),
    ...plan.spire.agents.map(async (agent) => {
      await attestation.prepare(agent)
      const started = startAgent(plan, programs.agent, agent)
      opened(started)
      agents.set(agent.node, started)
      await waitForHealth(`SPIRE agent on ${agent.node} is ready`, plan, agent.healthPort, started)
    }),
  ])
  const { createEntries, deleteEntry, setSvidLifetime } = registration
  return { server, tool: { ...tool, createEntries, deleteEntry, setSvidLifetime }, agents } satisfies SpireServers
}

function startAgent(plan: LabPlan, program: string, agent: AgentPlan): Server {
  const files = agentFiles(plan, agent)
  return startServer({
    name: `SPIRE agent on ${agent.node}`,
    command: program,
    arguments: ['run', '-config', files.config],
    logFile: `${files.log}.out`,
    ownLogFile: files.log,
    mark: plan.mark,
  })
}

async function waitForHealth(what: string, plan: LabPlan, port: number, server: Server): Promise<void> {
  const url = `http://${plan.spire.address}:${port}/ready`
  await waitFor(what, async () => (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok, {
    timeoutMs: 20_000,
    server,
  })
}
