import type { LabControls } from '../controls.ts'
import { envoyState, loadedCertificate, warmingSecrets } from '../envoy/admin.ts'
import { stagePlanOf } from '../plan.ts'
import { waitFor } from '../processes.ts'
import { setEntry, waitForSubscription } from './checks.ts'

const stageId = 'input-sanitiser'

/** Starts a workload's Envoy when SPIRE has no entry for it. Envoy says LIVE after a while all the same. */
export async function inject(lab: LabControls): Promise<void> {
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

export async function heal(lab: LabControls): Promise<void> {
  await setEntry(lab, stageId, true)
  await lab.envoys.ready(stageId)
  await waitForSubscription(lab, stageId, true)
}
