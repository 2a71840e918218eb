import { copyFile, readFile, writeFile } from 'node:fs/promises'
import type { AgentPlan, LabPlan } from '../plan.ts'
import { type Server, startServer, waitFor } from '../processes.ts'
import type { SpirePolicyFiles } from '../provision/spire-policy.ts'
import { agentConfig, agentFiles, readerRule, serverConfig, spireFiles } from './config.ts'
import { writeNodeCertificates } from './node-certificates.ts'
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

/**
 * Starts the SPIRE server and its agents, and makes the entries of all stages and the reader's identity.
 * `registerBy` takes over the entries, once the server is ready; without it the server's command line makes them.
 */
export async function startSpire(
  plan: LabPlan,
  programs: SpirePrograms,
  opened: (server: Server) => void,
  registerBy?: (tool: SpireTool) => Promise<Registration>,
) {
  const files = spireFiles(plan)
  await Promise.all([
    writeNodeCertificates(plan),
    writeFile(files.serverConfig, serverConfig(plan)),
    readFile(programs.policy.rego, 'utf8').then((text) => writeFile(files.policy, text + readerRule)),
    copyFile(programs.policy.data, files.policyData),
    ...plan.spire.agents.map((agent) => writeFile(agentFiles(plan, agent).config, agentConfig(plan, agent))),
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
    const registration = (await registerBy?.(tool)) ?? tool
    await registration.createEntries(plan.stages)
    return registration
  }
  const [registration] = await Promise.all([
    register(),
    tool.mintReader(),
    ...plan.spire.agents.map(async (agent) => {
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
