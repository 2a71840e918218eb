import { generateKeyPairSync } from 'node:crypto'
import { Agent } from 'node:http'
import type { Clock } from '../../core/ports.ts'
import type { LineLog, Mesh } from '../parts.ts'
import { createPipelineKeys, stageKeys } from '../pipeline/keys.ts'
import type { Misconduct } from '../pipeline/stage-runtime.ts'
import { type RunningStage, startStage } from '../pipeline/start-stage.ts'
import { hops, type Stage, stages } from '../pipeline/topology.ts'

/** The stages themselves: plain HTTP on free ports of 127.0.0.1, which their sidecars forward to. */
export interface StageServices {
  /** null while it does not listen. */
  port(stage: string): number | null
  /** See `Mesh.restartStages`. */
  restart: Mesh['restartStages']
  stop(): Promise<void>
}

export interface StageServicesParts {
  readonly clock: Clock
  /** Port of the egress of the stage's sidecar. */
  readonly egressPort: (stage: string) => number
  /** Integrity events go here. */
  readonly integrity: (stage: string) => LineLog
}

/** How long a stage waits for the next one: longer than a busy machine takes. */
export const deadlineMs = 10_000

export async function startStageServices({ clock, egressPort, integrity }: StageServicesParts): Promise<StageServices> {
  const keys = await createPipelineKeys()
  const conduct = new Map<string, Misconduct>()
  const running = new Map<string, RunningStage>()
  const agent = new Agent({ keepAlive: true })
  const start = async (stage: Stage): Promise<void> => {
    const events = integrity(stage.id)
    const service = await startStage(stage, {
      address: '127.0.0.1',
      port: 0,
      egress: { address: '127.0.0.1', port: egressPort(stage.id) },
      agent,
      keys: stageKeys(keys, stage.id),
      integrityLog: (event) => events.append(JSON.stringify(event)),
      clock: () => clock.now(),
      deadlineMs,
      misconduct: () => conduct.get(stage.id) ?? {},
    })
    running.set(stage.id, service)
  }
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((service) => service.close()))
    running.clear()
    agent.destroy()
  }
  try {
    await Promise.all(stages.map(start))
  } catch (reason) {
    await stop()
    throw reason
  }
  return {
    port: (stage) => running.get(stage)?.port ?? null,
    restart: async ({ foreignKeyOf, losesUserAt }) => {
      const next = new Map<string, Misconduct>()
      if (foreignKeyOf !== undefined) {
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
        next.set(foreignKeyOf, { signsWith: privateKey })
      }
      if (losesUserAt !== undefined) {
        for (const { from } of hops.filter(({ to }) => to === losesUserAt)) {
          next.set(from, { ...next.get(from), losesUserTo: losesUserAt })
        }
      }
      conduct.clear()
      for (const [stage, how] of next) conduct.set(stage, how)
    },
    stop,
  }
}
