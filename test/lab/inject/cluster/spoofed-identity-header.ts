import type { LabControls } from '../../controls.ts'
import { opaPlanOf, sharedOpa, stagePlanOf } from '../../plan.ts'
import { authorisationCounter, waitForGrowth, waitForLine } from '../checks.ts'

const caller = 'application'
const callee = 'gateway'
const claimed = 'orchestrator'
const header = 'x-forwarded-client-cert'

/** The caller names another stage as itself in a header, and the callee's Envoy keeps that instead of replacing it. */
export async function inject(lab: LabControls): Promise<void> {
  const claim = `By=${stagePlanOf(lab.plan, callee).spiffeId};URI=${stagePlanOf(lab.plan, claimed).spiffeId}`
  await Promise.all([
    lab.envoys.restart(callee, { trustsClientCertHeader: true }),
    lab.envoys.restart(caller, { outgoingHeaders: [{ to: callee, set: { [header]: claim } }] }),
  ])
  await Promise.all([lab.envoys.ready(callee), lab.envoys.ready(caller)])
  const decisions = opaPlanOf(lab.plan, sharedOpa).decisionLog
  // The claim comes first; what Envoy verified itself stands behind it.
  await waitForLine(decisions, `${callee} is told that ${caller} is ${claimed}`, (line) =>
    line.includes(`"${header}":"${claim},`),
  )
}

export async function heal(lab: LabControls): Promise<void> {
  await Promise.all([lab.envoys.restart(callee, {}), lab.envoys.restart(caller, {})])
  await Promise.all([lab.envoys.ready(callee), lab.envoys.ready(caller)])
  await waitForGrowth(lab, `${callee} answers ${caller}`, callee, authorisationCounter('ok'))
}
