import type { LabControls } from '../controls.ts'
import { waitForGrowth } from './checks.ts'

const caller = 'orchestrator'
const callee = 'vector-store'

/** Both ends of the hop are configured without TLS. The callee still asks its OPA, which sees no identity and refuses. */
export async function inject(lab: LabControls): Promise<void> {
  await Promise.all([
    lab.envoys.restart(callee, { plaintextIngress: true }),
    lab.envoys.restart(caller, { plaintextTo: [callee] }),
  ])
  // The callee has no certificate of its own in use any more, so only the caller is awaited with one.
  await lab.envoys.ready(caller)
  await waitForGrowth(lab, `${callee} takes requests in plaintext`, callee, '^http\\.ingress\\.downstream_rq_total$')
}

export async function heal(lab: LabControls): Promise<void> {
  await Promise.all([lab.envoys.restart(callee, {}), lab.envoys.restart(caller, {})])
  await Promise.all([lab.envoys.ready(callee), lab.envoys.ready(caller)])
  const counter = `^listener\\..*_${lab.plan.stages.find((stage) => stage.stage.id === callee)?.ingressPort}\\.ssl\\.handshake$`
  await waitForGrowth(lab, `${callee} takes requests over mutual TLS`, callee, counter)
}
