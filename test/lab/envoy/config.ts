import {
  type Bootstrap,
  type EnvoySetup,
  type EnvoyVariant,
  envoyBootstrap,
} from '../../../electron/playground/sidecar/bootstrap.ts'
import { agentPlanOf, type LabPlan, opaPlanOf, type StagePlan, stagePlanOf } from '../plan.ts'

/** Bootstrap configuration of the Envoy beside one stage of the lab. */
export function envoyConfig(plan: LabPlan, stage: StagePlan, variant: EnvoyVariant = {}): Bootstrap {
  return envoyBootstrap(setupOf(plan, stage), variant)
}

function setupOf(plan: LabPlan, stage: StagePlan): EnvoySetup {
  const { address } = stage
  const opa = stage.opa === null ? null : opaPlanOf(plan, stage.opa)
  return {
    stage: stage.stage,
    address,
    ingress:
      opa === null
        ? null
        : {
            port: stage.ingressPort,
            appPort: stage.appPort,
            opa: { address: opa.address, port: opa.grpcPort },
            decisionTimeout: '0.5s',
          },
    egressPort: stage.egressPort,
    adminPort: stage.adminPort,
    callers: stage.callers,
    callees: stage.callees,
    ingressOf: (callee) => {
      const target = stagePlanOf(plan, callee.id)
      return { address: target.address, port: target.ingressPort }
    },
    agentSocket: agentPlanOf(plan, stage.stage.node).socket,
    accessLog: stage.accessLog,
    connectionLog: stage.connectionLog,
    // A pooled connection outlives its certificate; one request a connection makes each request prove itself.
    connections: { max_requests_per_connection: 1 },
  }
}
