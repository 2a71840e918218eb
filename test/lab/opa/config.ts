import { stringify } from 'yaml'
import { bundleName, bundleResource, decisionPath } from '../../../electron/playground/pipeline/policy-bundle.ts'
import type { LabPlan, OpaPlan } from '../plan.ts'

/** The id by which the OPAs know the key that bundles are signed with. */
export const bundleKeyId = 'lab'

export interface OpaSettings {
  /** PEM of the key that signs bundles. */
  readonly publicKey: string
  /** Decisions go to the OPA's own log too, from where a cluster would collect them. */
  readonly console: boolean
}

/** Configuration of one OPA with the Envoy plugin (YAML). */
export function opaConfig(plan: LabPlan, opa: OpaPlan, { publicKey, console }: OpaSettings): string {
  return stringify({
    services: {
      bundles: { url: `http://${plan.bundleServer.address}:${plan.bundleServer.port}` },
      receiver: { url: `http://${plan.receiver.address}:${plan.receiver.port}/${opa.id}` },
    },
    labels: { opa: opa.id, ...(opa.sidecarOf === null ? {} : { stage: opa.sidecarOf }) },
    keys: { [bundleKeyId]: { algorithm: 'RS256', key: publicKey } },
    bundles: {
      [bundleName]: {
        service: 'bundles',
        resource: bundleResource.slice(1),
        polling: { min_delay_seconds: 1, max_delay_seconds: 2 },
        signing: { keyid: bundleKeyId },
      },
    },
    decision_logs: {
      service: 'receiver',
      reporting: { min_delay_seconds: 1, max_delay_seconds: 2 },
      ...(console ? { console: true } : {}),
    },
    status: { service: 'receiver' },
    plugins: {
      envoy_ext_authz_grpc: {
        addr: `${opa.address}:${opa.grpcPort}`,
        path: decisionPath,
        'skip-request-body-parse': true,
      },
    },
  })
}
