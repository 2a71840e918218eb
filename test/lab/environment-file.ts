import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { stringify } from 'yaml'
import type { z } from 'zod'
import { bundleName, bundleResource, decisionPath } from '../../electron/playground/pipeline/policy-bundle.ts'
import { trustDomain } from '../../electron/playground/pipeline/topology.ts'
import { audience } from '../../electron/playground/simulators/vault/credentials.ts'
import { homeFolder, thisMachine } from '../../electron/service/home.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import type { ClusterPlan } from './cluster/plan.ts'
import { bundleKeyId } from './opa/config.ts'
import type { LabPlan } from './plan.ts'
import { spireFiles } from './spire/config.ts'
import { everyhopName } from './vault/logins.ts'
import { type VaultPlan, vaultUrl } from './vault/plan.ts'

export const environmentName = 'lab'
/** The same pipeline, reached by nothing but a kubeconfig. */
export const clusterEnvironmentName = 'lab-cluster'

const vaultId = 'vault'
/** As many as may be: the lab's Vault has nothing else to do. */
const lookupsPerMinute = 600

export interface EnvironmentSettings {
  readonly mintCommand: string
  readonly windowSeconds: number
  readonly bundleStaleAfterSeconds: number
}

/** Everyhop's folder of configuration, as the program itself finds it. */
export function everyhopHome(): string {
  return homeFolder(thisMachine())
}

export function registrationFile(home: string, name = environmentName): string {
  return path.join(home, 'environments', `${name}.yaml`)
}

/** environment.yaml of the lab, with absolute paths so that it can be copied anywhere. */
export function environmentYaml(
  plan: LabPlan,
  settings: EnvironmentSettings,
  cluster: ClusterPlan | null = null,
  vault: VaultPlan | null = null,
): string {
  const reader = (file: string): string => path.join(plan.files.readerFolder, file)
  const environment = {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: environmentName,
    intent: plan.files.intent,
    // Everything is on this machine: the budget that spares other people's servers is not needed.
    requestBudget: 200,
    windowSeconds: settings.windowSeconds,
    bundleStaleAfterSeconds: settings.bundleStaleAfterSeconds,
    policy: policyOf(plan),
    sources: {
      spire: [
        {
          id: 'spire',
          address: `${plan.spire.address}:${plan.spire.port}`,
          trustDomain,
          identity: {
            certificate: reader('svid.pem'),
            key: reader('key.pem'),
            bundle: reader('bundle.pem'),
            mintCommand: settings.mintCommand,
          },
        },
      ],
      envoy: plan.stages.map((stage) => ({ id: stage.stage.id, admin: `http://${stage.address}:${stage.adminPort}` })),
      opa: plan.opas.map((opa) => ({ id: opa.id, api: `http://${opa.address}:${opa.apiPort}` })),
      logs: [
        ...plan.stages.flatMap(({ stage, accessLog, connectionLog, opa }) => [
          { id: `${stage.id}.access`, record: 'envoy-access', file: accessLog, writtenBy: stage.id },
          ...(opa === null
            ? []
            : [{ id: `${stage.id}.connections`, record: 'envoy-access', file: connectionLog, writtenBy: stage.id }]),
        ]),
        ...plan.opas.map((opa) => ({
          id: `${opa.id}.decisions`,
          record: 'opa-decisions',
          file: opa.decisionLog,
          writtenBy: opa.id,
        })),
        { id: 'integrity', record: 'integrity-events', file: plan.files.integrityLog },
        { id: 'spire.audit', record: 'spire-audit', file: spireFiles(plan).serverLog },
        ...(cluster === null
          ? []
          : [{ id: 'kubernetes.audit', record: 'kubernetes-audit', file: cluster.files.auditLog }]),
        ...(vault === null
          ? []
          : [{ id: 'vault.audit', record: 'vault-audit', file: vault.files.auditLog, writtenBy: vaultId }]),
      ],
      ...(vault === null
        ? {}
        : {
            vault: [
              {
                id: vaultId,
                address: vaultUrl(vault),
                signIn: { tokenFile: vault.files.everyhopToken },
                lookupsPerMinute,
              },
            ],
          }),
    },
  }
  environmentSchema.parse(environment)
  return stringify(environment)
}

/** environment.yaml of the lab for someone who has its kubeconfig and, in tier 3, a service account's token, and nothing else. */
export function clusterEnvironmentYaml(
  plan: LabPlan,
  cluster: ClusterPlan,
  settings: EnvironmentSettings,
  vault: VaultPlan | null = null,
): string {
  const environment = {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: clusterEnvironmentName,
    intent: plan.files.intent,
    requestBudget: 200,
    windowSeconds: settings.windowSeconds,
    bundleStaleAfterSeconds: settings.bundleStaleAfterSeconds,
    policy: policyOf(plan),
    sources: {
      kubernetes: [{ id: 'cluster', kubeconfig: cluster.files.viewerKubeconfig }],
      ...(vault === null
        ? {}
        : {
            vault: [
              {
                id: vaultId,
                cluster: 'cluster',
                signIn: {
                  kubernetes: { role: everyhopName, audience, from: { file: vault.files.everyhopAccountToken } },
                },
                lookupsPerMinute,
              },
            ],
          }),
    },
  }
  environmentSchema.parse(environment)
  return stringify(environment)
}

/** Who has the folder that the OPAs are served from, and the key, may publish: by address and with a kubeconfig alike. */
function policyOf({ files: { bundleStore, bundleKeys } }: LabPlan): z.input<typeof environmentSchema>['policy'] {
  return {
    bundles: [
      {
        name: bundleName,
        store: { directory: bundleStore },
        pointer: bundleResource.slice(1),
        decision: decisionPath,
        signing: { algorithm: 'RS256', keyId: bundleKeyId, key: { file: bundleKeys.signing } },
        verification: { keyFile: bundleKeys.verification, keyId: bundleKeyId },
      },
    ],
  }
}

/** Makes the lab known to Everyhop as the environment of this name. */
export async function register(home: string, yaml: string, name = environmentName): Promise<void> {
  const file = registrationFile(home, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, yaml, { mode: 0o600 })
}

export async function unregister(home: string): Promise<void> {
  // Not there, or its folder not readable: either way it is not this lab's to mend.
  for (const name of [environmentName, clusterEnvironmentName]) {
    await rm(registrationFile(home, name), { force: true }).catch(() => undefined)
  }
}
