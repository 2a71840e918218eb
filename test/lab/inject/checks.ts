import { readFile, stat } from 'node:fs/promises'
import type { LabControls } from '../controls.ts'
import { envoyState, loadedCertificate, statSum, warmingSecrets } from '../envoy/admin.ts'
import { stagePlanOf } from '../plan.ts'
import { waitFor } from '../processes.ts'

/** Steady traffic reaches every hop about once a second; this allows for a slow machine. */
const trafficLimitMs = 30_000

/**
 * Waits until counters of a stage's Envoy have grown by at least one. `filter` is a regular expression over names of
 * statistics. An Envoy that was restarted meanwhile starts from zero, which a lower sum tells.
 */
export async function waitForGrowth(lab: LabControls, what: string, stageId: string, filter: string): Promise<void> {
  const stage = stagePlanOf(lab.plan, stageId)
  let least = await statSum(stage, filter)
  await waitFor(
    what,
    async () => {
      const now = await statSum(stage, filter)
      least = Math.min(least, now)
      return now > least
    },
    { timeoutMs: trafficLimitMs, everyMs: 100, server: lab.envoys.server(stageId) },
  )
}

/** Counters of the authorisation filter of a stage's ingress. */
export function authorisationCounter(name: 'ok' | 'denied' | 'error' | 'failure_mode_allowed'): string {
  return `^http\\.ingress\\.ext_authz\\.${name}$`
}

export async function waitForCertificate(
  lab: LabControls,
  what: string,
  stageId: string,
  check: (certificate: { readonly notBeforeMs: number; readonly notAfterMs: number }) => boolean,
): Promise<void> {
  const stage = stagePlanOf(lab.plan, stageId)
  await waitFor(
    what,
    async () => {
      const loaded = await loadedCertificate(stage)
      if (loaded === undefined) return false
      return check({ notBeforeMs: Date.parse(loaded.notBefore), notAfterMs: Date.parse(loaded.notAfter) })
    },
    { timeoutMs: trafficLimitMs, everyMs: 100 },
  )
}

/** Waits until the workload's own certificate subscription (SDS) at its agent is connected, or is refused. */
export async function waitForSubscription(lab: LabControls, stageId: string, connected: boolean): Promise<void> {
  const stage = stagePlanOf(lab.plan, stageId)
  const filter = `^sds\\..*/sa/${stageId}\\.control_plane\\.connected_state$`
  await waitFor(
    `the certificate subscription of ${stageId} is ${connected ? 'accepted' : 'refused'}`,
    async () => (await statSum(stage, filter)) > 0 === connected,
    { timeoutMs: trafficLimitMs, everyMs: 100 },
  )
}

export async function waitForRevision(lab: LabControls, opaId: string, revision: string): Promise<void> {
  await waitFor(
    `${opaId} has revision ${revision}`,
    async () => {
      const status = await lab.opas.bundleStatus(opaId)
      return status.active_revision === revision && status.code === undefined
    },
    { timeoutMs: trafficLimitMs, everyMs: 100 },
  )
}

export async function waitForRevisionEverywhere(lab: LabControls, revision: string): Promise<void> {
  await Promise.all(lab.plan.opas.map((opa) => waitForRevision(lab, opa.id, revision)))
}

/** Deletes or creates the stage's entry, unless it is so already, and waits until SPIRE says so. */
export async function setEntry(lab: LabControls, stageId: string, present: boolean): Promise<void> {
  const stage = stagePlanOf(lab.plan, stageId)
  if ((await hasEntry(lab, stageId)) !== present) {
    if (present) await lab.spire.tool.createEntries([stage])
    else await lab.spire.tool.deleteEntry(stage)
  }
  await waitFor(
    `SPIRE ${present ? 'has' : 'no longer has'} an entry for ${stageId}`,
    async () => (await hasEntry(lab, stageId)) === present,
    { timeoutMs: trafficLimitMs, everyMs: 200 },
  )
}

/** Takes the stage's entry away and starts its Envoy again, which then is live without an identity. */
export async function restartWithoutEntry(lab: LabControls, stageId: string): Promise<void> {
  const stage = stagePlanOf(lab.plan, stageId)
  await setEntry(lab, stageId, false)
  await waitForSubscription(lab, stageId, false)
  await lab.envoys.restart(stageId, {})
  await waitFor(
    `${stageId} is live without an identity`,
    async () =>
      (await envoyState(stage)) === 'LIVE' &&
      (await loadedCertificate(stage)) === undefined &&
      (await warmingSecrets(stage)).includes(stage.spiffeId),
    { timeoutMs: 30_000, everyMs: 100, server: lab.envoys.server(stageId) },
  )
}

/** Waits until a line that is written from now on to one of the lab's logs passes. */
export async function waitForLine(file: string, what: string, check: (line: string) => boolean): Promise<void> {
  let position = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  await waitFor(
    what,
    async () => {
      const text = await readFile(file)
      // Put aside or cut meanwhile.
      if (text.length < position) position = 0
      const end = text.lastIndexOf(0x0a) + 1
      const lines = text.subarray(position, Math.max(position, end)).toString('utf8').split('\n')
      position = Math.max(position, end)
      return lines.some((line) => line !== '' && check(line))
    },
    { timeoutMs: trafficLimitMs, everyMs: 200 },
  )
}

async function hasEntry(lab: LabControls, stageId: string): Promise<boolean> {
  const { spiffeId } = stagePlanOf(lab.plan, stageId)
  return (await lab.spire.tool.listEntries()).some((entry) => entry.spiffeId === spiffeId)
}
