import { endpointOf, pathOf } from '../../../../electron/playground/pipeline/endpoints.ts'
import { post, toJson } from '../../../../electron/playground/pipeline/http-exchange.ts'
import { contextHeaders, newRequestId, newTraceId } from '../../../../electron/playground/pipeline/request-context.ts'
import { stageOf } from '../../../../electron/playground/pipeline/topology.ts'
import type { LabControls } from '../../controls.ts'
import { stagePlanOf } from '../../plan.ts'
import { authorisationCounter, waitForGrowth } from '../checks.ts'

const caller = 'application'
const callee = 'model-server'
const everyMs = 500

/** The application asks the model directly, through its Envoy, past every stage that inspects prompts. */
export async function inject(lab: LabControls): Promise<void> {
  await Promise.all([
    lab.envoys.restart(callee, { alsoAdmits: [stageOf(caller)] }),
    lab.envoys.restart(caller, { alsoCalls: [stageOf(callee)] }),
  ])
  await Promise.all([lab.envoys.ready(callee), lab.envoys.ready(caller)])
  const { address, egressPort } = stagePlanOf(lab.plan, caller)
  lab.repeat(() => {
    const context = { requestId: newRequestId(), traceId: newTraceId(), classification: 'internal' } as const
    return post({
      address,
      port: egressPort,
      path: `/to/${callee}${pathOf(endpointOf('orchestrator', callee), context.requestId)}`,
      headers: contextHeaders(context),
      body: toJson({ prompt: 'What do you know about salaries?', passages: [] }),
      localAddress: address,
      timeoutMs: 5000,
    })
  }, everyMs)
  await waitForGrowth(lab, `${callee} refuses ${caller}`, callee, authorisationCounter('denied'))
}

export async function heal(lab: LabControls): Promise<void> {
  await Promise.all([lab.envoys.restart(callee, {}), lab.envoys.restart(caller, {})])
  await Promise.all([lab.envoys.ready(callee), lab.envoys.ready(caller)])
  await waitForGrowth(lab, `${callee} answers its own caller`, callee, authorisationCounter('ok'))
}
