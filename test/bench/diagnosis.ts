import { playgroundFaults } from '../../electron/playground/faults/index.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { Capture } from '../diagnosis/capture.ts'
import { captureFault, capturesFolder, diagnosedFaults, keptCaptures } from '../diagnosis/capture-fault.ts'
import { type Judged, judge } from '../diagnosis/judge.ts'
import { confidentlyWrong, matrixOf } from '../diagnosis/matrix.ts'
import { removals } from '../diagnosis/removals.ts'
import { startEveryhopOnPlayground } from '../playground/everyhop-on-playground.ts'
import { healthyOf, unhealthy, unmetInPlayground } from '../playground/expectations.ts'
import type { BenchRow } from './row.ts'

/**
 * The confusion matrix of the diagnosis: every fault that stops a request or a handshake, captured on a playground that is started
 * for it (`--kept`: none is started, and those that are kept are judged; `--only=<id>,<id>`: only these are made anew), and on the lab where its tests have left captures; with all sources and with each taken
 * away.
 */
export async function run(): Promise<readonly BenchRow[]> {
  if (!process.argv.includes('--kept')) await captureOnPlayground()
  const captures = await keptCaptures(capturesFolder, () => true)
  const judged: Judged[] = []
  for (const capture of captures) {
    for (const removal of removals) judged.push(...(await judge(capture, removal)))
  }
  for (const line of matrixOf(judged)) console.log(line)
  if (confidentlyWrong(judged).length > 0) process.exitCode = 1
  return []
}

const [windowSeconds, requestsPerSecond] = [12, 6]
const onlySwitch = '--only='

async function captureOnPlayground(): Promise<readonly Capture[]> {
  const on = await startEveryhopOnPlayground({ windowSeconds, requestsPerSecond })
  try {
    const healthy = healthyOf(await on.settle(unhealthy, 150), windowSeconds * requestsPerSecond)
    const { topology } = healthy
    const only = process.argv
      .find((word) => word.startsWith(onlySwitch))
      ?.slice(onlySwitch.length)
      .split(',')
    const captures: Capture[] = []
    for (const fault of diagnosedFaults) {
      if (!playgroundFaults.has(fault.id) || (only !== undefined && !only.includes(fault.id))) continue
      const since = Date.now()
      await on.client.playground.inject({ fault: fault.id })
      await on.settle((graph) => unmetInPlayground(graph, healthy, fault.expects.states), 40).catch(say)
      const diagnosed = { ...on, environment: playgroundEnvironment, place: 'playground', topology } as const
      try {
        captures.push(await captureFault(diagnosed, fault, since, 40))
        console.log(`${fault.id} captured after ${((Date.now() - since) / 1000).toFixed(1)} s`)
      } catch (reason) {
        // It is judged as it was found: the matrix shows it.
        say(reason)
      }
      await on.client.playground.heal({})
      // On a machine that is busy something is always late; what is captured is held against the catalogue anyway.
      await on.settle(unhealthy, 60).catch(say)
    }
    return captures
  } finally {
    await on.stop()
  }
}

function say(reason: unknown): void {
  console.log(String(reason))
}
