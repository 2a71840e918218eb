import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { trustDomain } from '../../../electron/playground/pipeline/topology.ts'
import { audience, credentials, stagePolicy } from '../../../electron/playground/simulators/vault/credentials.ts'
import type { RunningCluster } from '../cluster/start.ts'
import type { LabPlan } from '../plan.ts'
import { stagePlanOf } from '../plan.ts'
import { readerSpiffeId } from '../spire/config.ts'
import { accountToken } from './engines.ts'
import type { VaultPlan } from './plan.ts'
import type { VaultServer } from './server.ts'

/** The policy that Everyhop ships for Vault: the lab hands out exactly this. */
const rightsFolder = path.join(import.meta.dirname, '..', '..', '..', 'docs', 'rights')
const shippedPolicyFile = path.join(rightsFolder, 'vault.hcl')
/** What signing with Transit needs besides: whoever only reads does not have it. */
const shippedSigningFile = path.join(rightsFolder, 'vault-transit.hcl')

/** Name of the shipped policy, of the roles that give it, and of the service account that may have it. */
export const everyhopName = 'everyhop'
export const everyhopNamespace = 'everyhop'
/** The policy, and a role of the same service account, that may also sign bundles. */
export const signerName = 'everyhop-sign'

/** A stage's token lives this long without being renewed; so does everything that hangs on it. */
const stageTokenPeriod = '15m'

/** With the shipped policy and no other, as docs/rights/vault.md asks for. */
const asShipped = { token_no_default_policy: true, token_ttl: '15m' } as const

const tokenWire = z.object({ auth: z.object({ client_token: z.string() }) })

/** Policies, the roles by which stages log in with their JWT-SVIDs, and two ways in for Everyhop. */
export async function openLogins(vault: VaultServer, plan: LabPlan, keysUrl: string): Promise<void> {
  await vault.asRoot('POST', 'sys/auth/jwt', { type: 'jwt', description: `JWT-SVIDs of ${trustDomain}` })
  await vault.asRoot('POST', 'auth/jwt/config', { jwks_url: keysUrl })
  const role = (subject: string, policy: string): object => ({
    role_type: 'jwt',
    user_claim: 'sub',
    bound_audiences: [audience],
    bound_subject: subject,
    token_policies: [policy],
  })
  // Read before anything is asked: a request that fails meanwhile would have nobody who hears of it.
  const everyhopPolicy = await readFile(shippedPolicyFile, 'utf8')
  const signerPolicy = await readFile(shippedSigningFile, 'utf8')
  const stages = credentials.map(async (credential) => {
    const { stage } = credential
    await vault.asRoot('PUT', `sys/policies/acl/${stage}`, { policy: stagePolicy(credential) })
    const subject = stagePlanOf(plan, stage).spiffeId
    await vault.asRoot('POST', `auth/jwt/role/${stage}`, { ...role(subject, stage), token_period: stageTokenPeriod })
  })
  await Promise.all([
    ...stages,
    vault.asRoot('PUT', `sys/policies/acl/${everyhopName}`, { policy: everyhopPolicy }),
    vault.asRoot('PUT', `sys/policies/acl/${signerName}`, { policy: signerPolicy }),
    vault.asRoot('POST', `auth/jwt/role/${everyhopName}`, {
      ...role(readerSpiffeId, everyhopName),
      ...asShipped,
    }),
  ])
}

/** A role of the kubernetes method for Everyhop's service account, and a token of that account in a file. */
export async function openAccountLogin(vault: VaultServer, plan: VaultPlan, cluster: RunningCluster): Promise<void> {
  const { api } = cluster
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: everyhopNamespace } })
  const account = { name: everyhopName, namespace: everyhopNamespace }
  await api.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account })
  const role = (policies: readonly string[]): object => ({
    bound_service_account_names: [everyhopName],
    bound_service_account_namespaces: [everyhopNamespace],
    audience,
    token_policies: policies,
    ...asShipped,
  })
  await vault.asRoot('POST', `auth/kubernetes/role/${everyhopName}`, role([everyhopName]))
  await vault.asRoot('POST', `auth/kubernetes/role/${signerName}`, role([everyhopName, signerName]))
  await writeFile(plan.files.everyhopAccountToken, await accountToken(cluster, everyhopNamespace, everyhopName), {
    mode: 0o600,
  })
}

/** A token with this policy and no other, as an operator would hand it out: renewed by whoever has it, or gone within the day. */
export async function tokenWith(vault: VaultServer, policy: string, displayName: string): Promise<string> {
  const asked = {
    policies: [policy],
    display_name: displayName,
    period: '24h',
    no_parent: true,
    no_default_policy: true,
  }
  return tokenWire.parse(await vault.asRoot('POST', 'auth/token/create', asked)).auth.client_token
}
