import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { hops } from '../../electron/playground/pipeline/topology.ts'
import { calleeClusterName } from '../../electron/playground/sidecar/bootstrap.ts'
import { type KubernetesTruth, readKubernetesTruth } from './cluster/truth.ts'
import type { LabControls } from './controls.ts'
import { type LoadedCertificate, loadedCertificate } from './envoy/admin.ts'
import type { BundleStatus } from './opa/fleet.ts'
import type { StagePlan } from './plan.ts'
import type { AgentTruth, EntryTruth } from './spire/server-tool.ts'
import { readVaultTruth, type VaultTruth } from './vault/truth.ts'

/**
 * What the lab itself knows about its pipeline: from the configuration files its servers were started with, from
 * SPIRE's command line, from Envoy's `/certs` and OPA's `/v1/status` asked directly, and from the data of the policy
 * bundle in force. Never through Everyhop.
 */
export interface LabTruth {
  readonly trustDomain: string
  readonly activeFault: string | null
  readonly stages: readonly StageTruth[]
  readonly hops: readonly HopTruth[]
  readonly entries: readonly EntryTruth[]
  readonly agents: readonly AgentTruth[]
  readonly opas: readonly OpaTruth[]
  /** Null in tier 1. */
  readonly kubernetes: KubernetesTruth | null
  /** Null below tier 3. */
  readonly vault: VaultTruth | null
}

export interface StageTruth {
  readonly stage: string
  readonly spiffeId: string
  /** Source id of its Envoy in environment.yaml. */
  readonly envoy: string
  readonly address: string
  /** host:port of its mTLS listener; null for the application, which takes no calls. */
  readonly ingress: string | null
  readonly admin: string
  /** The certificate its Envoy holds; null: none. */
  readonly certificate: LoadedCertificate | null
  readonly registered: boolean
  /** Source id of the OPA that decides for it; null: none. */
  readonly opa: string | null
  /** Null: no ext_authz in its ingress. */
  readonly extAuthz: { readonly failureModeAllow: boolean } | null
  readonly ingressTls: 'mtls' | 'plaintext' | null
  /** SPIFFE IDs its ingress accepts. */
  readonly acceptedCallers: readonly string[]
}

export interface HopTruth {
  readonly from: string
  readonly to: string
  /** What each end is configured for. */
  readonly callerTls: 'mtls' | 'plaintext'
  readonly calleeTls: 'mtls' | 'plaintext'
  /** SPIFFE IDs that the caller takes as the callee's. */
  readonly callerRequires: readonly string[]
  /** SPIFFE IDs that the callee takes as a caller's. */
  readonly calleeRequires: readonly string[]
  /** TLS versions that each end is configured for, least and most: `1.3 to 1.3`; null: plaintext, or left to Envoy. */
  readonly callerVersions: string | null
  readonly calleeVersions: string | null
  /** Whether the policy's data in force lists the pair. */
  readonly allowedByPolicy: boolean
}

export interface OpaTruth {
  readonly opa: string
  readonly running: boolean
  /** Null: it did not answer. */
  readonly bundle: BundleStatus | null
}

const sanWire = z.object({ san_type: z.literal('URI'), matcher: z.object({ exact: z.string() }) })
const transportWire = z
  .object({
    typed_config: z.object({
      common_tls_context: z.object({
        tls_params: z
          .object({ tls_minimum_protocol_version: z.string(), tls_maximum_protocol_version: z.string() })
          .optional(),
        combined_validation_context: z.object({
          default_validation_context: z.object({ match_typed_subject_alt_names: z.array(sanWire) }),
        }),
      }),
    }),
  })
  .optional()
const filterWire = z.object({
  name: z.string(),
  typed_config: z.object({ failure_mode_allow: z.boolean().optional() }),
})
const configWire = z.object({
  static_resources: z.object({
    listeners: z.array(
      z.object({
        name: z.string(),
        filter_chains: z.array(
          z.object({
            transport_socket: transportWire,
            filters: z.array(z.object({ typed_config: z.object({ http_filters: z.array(filterWire) }) })),
          }),
        ),
      }),
    ),
    clusters: z.array(z.object({ name: z.string(), transport_socket: transportWire })),
  }),
})
type EnvoyFile = z.infer<typeof configWire>

export async function readTruth(lab: LabControls): Promise<LabTruth> {
  const [entries, agents] = await Promise.all([lab.spire.tool.listEntries(), lab.spire.tool.listAgents()])
  const configs = new Map<string, EnvoyFile>()
  for (const stage of lab.plan.stages) {
    configs.set(stage.stage.id, configWire.parse(JSON.parse(await readFile(stage.envoyConfig, 'utf8'))))
  }
  const allowed = lab.policyInForce()
  return {
    trustDomain: lab.trustDomain,
    activeFault: lab.activeFault(),
    entries,
    agents,
    kubernetes: lab.cluster === null ? null : await readKubernetesTruth(lab.cluster),
    vault: lab.vault === null || lab.cluster === null ? null : await readVaultTruth(lab.vault, lab.cluster.api),
    stages: await Promise.all(lab.plan.stages.map((stage) => stageTruth(stage, configs, entries))),
    hops: hops.map(({ from, to }) => {
      const cluster = configs
        .get(from)
        ?.static_resources.clusters.find((candidate) => candidate.name === calleeClusterName(to))
      const chain = ingressOf(configs.get(to))
      return {
        from,
        to,
        callerTls: cluster?.transport_socket === undefined ? 'plaintext' : 'mtls',
        calleeTls: chain?.transport_socket === undefined ? 'plaintext' : 'mtls',
        callerRequires: peersOf(cluster?.transport_socket),
        calleeRequires: peersOf(chain?.transport_socket),
        callerVersions: versionsOf(cluster?.transport_socket),
        calleeVersions: versionsOf(chain?.transport_socket),
        allowedByPolicy: !allowed.denied.some((pair) => pair.from === from && pair.to === to),
      }
    }),
    opas: await Promise.all(
      lab.plan.opas.map(async (opa) => ({
        opa: opa.id,
        running: lab.opas.server(opa.id).isRunning(),
        bundle: await lab.opas.bundleStatus(opa.id).catch(() => null),
      })),
    ),
  }
}

async function stageTruth(
  plan: StagePlan,
  configs: ReadonlyMap<string, EnvoyFile>,
  entries: readonly EntryTruth[],
): Promise<StageTruth> {
  const chain = ingressOf(configs.get(plan.stage.id))
  const authorisation = chain?.filters
    .flatMap((filter) => filter.typed_config.http_filters)
    .find((filter) => filter.name === 'envoy.filters.http.ext_authz')
  return {
    stage: plan.stage.id,
    spiffeId: plan.spiffeId,
    envoy: plan.stage.id,
    address: plan.address,
    ingress: chain === undefined ? null : `${plan.address}:${plan.ingressPort}`,
    admin: `http://${plan.address}:${plan.adminPort}`,
    certificate: (await loadedCertificate(plan)) ?? null,
    registered: entries.some((entry) => entry.spiffeId === plan.spiffeId),
    opa: plan.opa,
    extAuthz:
      authorisation === undefined ? null : { failureModeAllow: authorisation.typed_config.failure_mode_allow === true },
    ingressTls: chain === undefined ? null : chain.transport_socket === undefined ? 'plaintext' : 'mtls',
    acceptedCallers: peersOf(chain?.transport_socket),
  }
}

function ingressOf(config: EnvoyFile | undefined) {
  return config?.static_resources.listeners.find((listener) => listener.name === 'ingress')?.filter_chains[0]
}

function versionsOf(transport: z.infer<typeof transportWire>): string | null {
  const settings = transport?.typed_config.common_tls_context.tls_params
  if (settings === undefined) return null
  const bare = (version: string): string => version.replace('TLSv', '').replace('_', '.')
  return `${bare(settings.tls_minimum_protocol_version)} to ${bare(settings.tls_maximum_protocol_version)}`
}

function peersOf(transport: z.infer<typeof transportWire>): readonly string[] {
  return (
    transport?.typed_config.common_tls_context.combined_validation_context.default_validation_context.match_typed_subject_alt_names.map(
      (name) => name.matcher.exact,
    ) ?? []
  )
}
