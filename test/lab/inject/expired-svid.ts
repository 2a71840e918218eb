import { calleeClusterName } from '../../../electron/playground/sidecar/bootstrap.ts'
import type { LabControls } from '../controls.ts'
import { stagePlanOf } from '../plan.ts'
import { waitForCertificate, waitForGrowth } from './checks.ts'

const stageId = 'tool-runtime'
const shortLifeSeconds = 12
/** SPIRE dates certificates back by ten seconds. */
const longestShortSpanMs = (shortLifeSeconds + 15) * 1000

/** Gives the stage a short-lived SVID, then stops the agent of its machine, which would renew it, until it has run out. */
export async function inject(lab: LabControls): Promise<void> {
  const stage = stagePlanOf(lab.plan, stageId)
  await lab.spire.tool.setSvidLifetime(stage, shortLifeSeconds)
  await waitForCertificate(
    lab,
    `${stageId} has a short-lived SVID`,
    stageId,
    (loaded) => loaded.notAfterMs - loaded.notBeforeMs <= longestShortSpanMs,
  )
  agent(lab).signal('SIGSTOP')
  await waitForCertificate(
    lab,
    `the SVID of ${stageId} has expired`,
    stageId,
    (loaded) => loaded.notAfterMs < Date.now(),
  )
  const counter = `^cluster\\.${calleeClusterName(stageId)}\\.ssl\\.fail_verify_error$`
  await waitForGrowth(lab, `model-server refuses the expired SVID of ${stageId}`, 'model-server', counter)
}

export async function heal(lab: LabControls): Promise<void> {
  agent(lab).signal('SIGCONT')
  await lab.spire.tool.setSvidLifetime(stagePlanOf(lab.plan, stageId), null)
  await waitForCertificate(
    lab,
    `${stageId} has an SVID of the usual life time`,
    stageId,
    (loaded) => loaded.notAfterMs - Date.now() > longestShortSpanMs,
  )
  const counter = `^cluster\\.${calleeClusterName(stageId)}\\.ssl\\.handshake$`
  await waitForGrowth(lab, `model-server reaches ${stageId} again`, 'model-server', counter)
}

function agent(lab: LabControls) {
  const node = stagePlanOf(lab.plan, stageId).stage.node
  const found = lab.spire.agents.get(node)
  if (found === undefined) throw new Error(`no agent on ${node} in the lab`)
  return found
}
