import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { hops, spiffeIdOf, stageOf } from '../../electron/playground/pipeline/topology.ts'
import { composeService } from '../../electron/service/compose.ts'
import { connectInProcess } from '../../electron/service/in-process.ts'
import { openWindow } from '../e2e/open-window.ts'
import { startEveryhopOnLab } from '../truth/everyhop-on-lab.ts'
import { type BenchRow, within } from './row.ts'

/** The running lab read and built from nothing, against asking its servers by hand; and a request on screen. */
export async function run(): Promise<readonly BenchRow[]> {
  const on = await startEveryhopOnLab()
  try {
    await on.settle(async (graph) => (graph.hops.length === hops.length ? [] : ['not all hops yet']), 30)
    const observed = await median(3, async () => {
      const service = composeService('cli', on.home)
      const door = connectInProcess(service.router, service.log)
      const started = performance.now()
      for (;;) {
        const graph = await door.client.graph.document({ environment: 'lab' })
        const isWhole =
          graph.hops.length === hops.length && graph.hops.every((hop) => hop.transport.state === 'verified')
        if (isWhole) break
        if (performance.now() - started > 30_000) throw new Error('the lab was not read whole within 30 s')
      }
      const took = performance.now() - started
      door.close()
      await service.stop()
      return took
    })
    const byHand = await median(3, () =>
      askByHand(on.lab.plan.stages.map((stage) => `http://${stage.address}:${stage.adminPort}`)),
    )
    const shown = await lineToScreen(on)
    return [
      within('lab: observed and built, every hop verified', observed, 'ms', 2000),
      {
        name: 'the same',
        value: observed,
        unit: 'ms',
        comparedWith: { name: 'curl of each Envoy’s certs, config and stats, unread', value: byHand },
        ratio: byHand / observed,
      },
      within('a refused request, from sent to on screen (median of 5)', shown, 'ms', 1000),
    ]
  } finally {
    await on.stop()
  }
}

/** What one would do instead: fetch, one after the other, what the graph is made of. Nobody has read or joined it yet. */
async function askByHand(admins: readonly string[]): Promise<number> {
  const started = performance.now()
  for (const admin of admins) {
    for (const path of [
      '/certs',
      '/config_dump',
      '/stats?filter=ssl|ext_authz|upstream_rq&format=json',
      '/server_info',
    ]) {
      await promisify(execFile)('curl', ['-s', `${admin}${path}`], { maxBuffer: 64 * 1024 * 1024 })
    }
  }
  return performance.now() - started
}

/** From the end of the first request that OPA did not decide, by its line in Envoy's log, to the hop saying so on screen. */
async function lineToScreen(on: Awaited<ReturnType<typeof startEveryhopOnLab>>): Promise<number> {
  const window = await openWindow(on.service)
  const plan = on.lab.plan.stages.find(({ stage }) => stage.id === 'model-server')
  if (plan === undefined) throw new Error('the lab has no model-server')
  const hopId = `hop-hop/workload/${spiffeIdOf(stageOf('orchestrator'))}>workload/${spiffeIdOf(plan.stage)}`
  try {
    const hop = window.page.getByTestId(hopId).first()
    await hop.waitFor()
    const name = async (): Promise<string> => (await hop.getAttribute('aria-label')) ?? ''
    return await median(5, async () => {
      const before = Date.now()
      const [shownAt] = await Promise.all([
        seen(async () => /no (answer|decision)/i.test(await name())),
        on.lab.inject('opa-down'),
      ])
      const took = shownAt - (await firstUndecided(plan.accessLog, before))
      await on.lab.heal()
      await seen(async () => !/no (answer|decision)/i.test(await name()))
      return took
    })
  } finally {
    await window.close()
  }
}

async function seen(check: () => Promise<boolean>): Promise<number> {
  const deadline = Date.now() + 60_000
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error('the change did not reach the screen within a minute')
  }
  return Date.now()
}

/** When the first line with `ext_authz_error` after `since` was about a request that ended then. Milliseconds since 1970. */
async function firstUndecided(file: string, since: number): Promise<number> {
  const line = z.object({ ts: z.string(), code_details: z.string().nullable(), duration_ms: z.number().nullable() })
  const times = (await readFile(file, 'utf8'))
    .split('\n')
    .filter((text) => text.includes('ext_authz_error'))
    .map((text) => line.parse(JSON.parse(text)))
    .map(({ ts, duration_ms }) => Date.parse(ts) + (duration_ms ?? 0))
    .filter((at) => at >= since)
  return Math.min(...times)
}

async function median(times: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = []
  for (let turn = 0; turn < times; turn += 1) values.push(await measure())
  return values.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? 0
}
