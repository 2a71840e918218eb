import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import type { RefusedAnswer } from '../../shared/contract/logs.ts'
import type { PolicySubject, PublishPlan, PublishProgress } from '../../shared/contract/policy.ts'
import { type Environment, environmentSchema } from '../../shared/domain/model/environment.ts'
import type { Hop } from '../../shared/domain/model/graph.ts'
import type { BundleOverview } from '../../shared/domain/model/policy.ts'
import { registrationFile } from '../lab/environment-file.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { waitFor } from '../lab/processes.ts'

export const environment = 'lab'
export const bundle = 'pipeline'
export const patient = { timeoutMs: 60_000, everyMs: 100 }

const statusWire = z.object({
  result: z.object({ bundles: z.record(z.string(), z.object({ active_revision: z.string().optional() })) }),
})

/** A lab with an Everyhop that remembers, and so may change something. */
export interface PolicyOnLab {
  readonly lab: Lab
  readonly client: ServiceClient
  readonly home: string
  readonly data: string
  overview(): Promise<BundleOverview>
  /** When the three OPAs were asked, and what is live is known or known to be missing. */
  settled(): Promise<BundleOverview>
  /** Revisions that the OPAs really have, asked by the lab itself. */
  active(): Promise<readonly (string | null)[]>
  /** A draft of what is live with other data; its id. */
  draftWith(edit: (data: PolicyData) => void): Promise<string>
  plan(of: PolicySubject): Promise<PublishPlan>
  /** Plans, confirms and follows it to its end. */
  publish(of: PolicySubject): Promise<readonly PublishProgress[]>
  /** Rewrites environment.yaml; resolves when Everyhop has read it. What rests on sources changes a moment later. */
  configure(edit: (environment: Environment) => void): Promise<void>
  /** environment.yaml as the lab wrote it; resolves when Everyhop has read it. */
  reconfigure(): Promise<void>
  hop(caller: string, callee: string): Promise<Hop>
  /** A hop of which a decision is known and held. */
  hopWithDecision(caller: string, callee: string): Promise<{ readonly id: string; readonly decisionId: string }>
  /** Refused requests of one hop with a decision whose input is held; waits for the first. */
  refusals(caller: string, callee: string): Promise<RefusedAnswer['requests']>
  stop(): Promise<void>
}

/** The steps in order, convergence once with its last state. */
export function stepsOf(steps: readonly PublishProgress[]): readonly string[] {
  const told = steps.flatMap((each) => (each.step === 'convergence' ? [] : [each.step]))
  const last = steps.findLast((each) => each.step === 'convergence')
  return last?.step === 'convergence' ? [...told, last.convergence.state] : told
}

/** Callee's SPIFFE ID, caller's SPIFFE ID, calls. */
export interface PolicyData {
  readonly pipeline: { readonly adjacency: Record<string, Record<string, unknown>> }
}

/** Resolves when Everyhop goes by what stands in an environment's file. To ask for a plan until then would cost a processor. */
export async function environmentRead(
  { registry }: Pick<Composed, 'registry'>,
  name: string,
  file: string,
): Promise<void> {
  const written = environmentSchema.parse(parse(await readFile(file, 'utf8')))
  const isRead = async (): Promise<boolean> => isDeepStrictEqual(registry.get(name).environment, written)
  await waitFor(`the file of ${name} is read`, isRead, patient)
}

export async function startPolicyOnLab(): Promise<PolicyOnLab> {
  const folder = await mkdtemp(join(tmpdir(), 'pol-'))
  const home = join(folder, 'home')
  const data = join(home, 'data')
  const lab = await startLab({ runFolder: join(folder, 'lab'), home, windowSeconds: 12, requestsPerSecond: 8 })
  const owned = takeDataFolder(data)
  const service = composeService('cli', home, owned)
  const { client, close } = connectInProcess(service.router, service.log)
  const file = registrationFile(home)
  const overview = async () => {
    const [first, ...others] = await client.policy.bundles({ environment })
    if (first === undefined || others.length > 0) throw new Error('the lab has one bundle')
    return first
  }
  const hop = async (caller: string, callee: string): Promise<Hop> => {
    const id = `hop/workload/${caller}>workload/${callee}`
    const found = (await client.graph.document({ environment })).hops.find((each) => each.id === id)
    if (found === undefined) throw new Error(`there is no ${id} yet`)
    return found
  }
  const isInputHeld = async (decisionId: string): Promise<boolean> => {
    const { records } = await client.logs.find({ environment, by: 'decision', id: decisionId, limit: 10 })
    return records.some(({ record, text }) => record === 'opa-decisions' && text !== null)
  }
  return {
    lab,
    client,
    home,
    data,
    overview,
    async active() {
      return Promise.all(
        lab.plan.opas.map(async ({ address, apiPort }) => {
          const answer = await fetch(`http://${address}:${apiPort}/v1/status`, { signal: AbortSignal.timeout(2_000) })
          return statusWire.parse(await answer.json()).result.bundles[bundle]?.active_revision ?? null
        }),
      )
    },
    async draftWith(edit) {
      const { live } = await overview()
      if (!live.known) throw new Error('nothing is live')
      const draft = await client.policy.startDraft({ environment, bundle, from: live.value })
      const file = await client.policy.readDraft({ draft: draft.id, path: 'data.json' })
      const content: PolicyData = JSON.parse(file.text)
      edit(content)
      const text = JSON.stringify(content, null, 2)
      await client.policy.writeDraft({ draft: draft.id, path: 'data.json', text, version: file.version })
      return draft.id
    },
    async settled() {
      let now = await overview()
      const isThere = async (): Promise<boolean> => {
        now = await overview()
        return now.opas.length === lab.plan.opas.length && now.opas.every(({ activeRevision }) => activeRevision.known)
      }
      await waitFor('every OPA was asked', isThere, patient)
      return now
    },
    hop,
    async hopWithDecision(caller, callee) {
      let found = { id: '', decisionId: '' }
      const isHeld = async (): Promise<boolean> => {
        const { id, decision } = await hop(caller, callee)
        if (!decision.known || decision.value.decisionId === null) return false
        found = { id, decisionId: decision.value.decisionId }
        return isInputHeld(found.decisionId)
      }
      await waitFor('a decision is held', isHeld, patient)
      return found
    },
    async refusals(caller, callee) {
      let found: RefusedAnswer['requests'] = []
      const isSeen = async (): Promise<boolean> => {
        const asked = { environment, minutes: 5, callerSpiffeId: caller, calleeSpiffeId: callee }
        found = (await client.logs.refused(asked)).requests
        const id = found.at(-1)?.decisionId ?? null
        return id !== null && (await isInputHeld(id))
      }
      await waitFor('a refused request is seen with its decision', isSeen, patient)
      return found
    },
    plan: (of) => client.policy.plan({ environment, bundle, of }),
    async publish(of) {
      const { token } = await client.policy.plan({ environment, bundle, of })
      const steps: PublishProgress[] = []
      for await (const step of await client.policy.publish({ environment, bundle, of, token, typed: null })) {
        steps.push(step)
      }
      return steps
    },
    async configure(edit) {
      const read: Environment = environmentSchema.parse(parse(await readFile(file, 'utf8')))
      edit(read)
      await writeFile(file, stringify(read))
      await environmentRead(service, environment, file)
    },
    async reconfigure() {
      await copyFile(lab.environmentFile, file)
      await environmentRead(service, environment, file)
      await waitFor('the store is known again', async () => (await overview()).live.known, patient)
    },
    async stop() {
      close()
      await service.stop()
      owned.release()
      await lab.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
