import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { audience } from '../../electron/playground/simulators/vault/credentials.ts'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import { type Environment, environmentSchema } from '../../shared/domain/model/environment.ts'
import type { RevisionId } from '../../shared/domain/model/policy.ts'
import { registrationFile } from '../lab/environment-file.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { openVaultApi } from '../lab/vault/api.ts'
import { everyhopName, signerName } from '../lab/vault/logins.ts'
import { environmentRead } from './policy-on-lab.ts'

/** The lab's third tier, by address and through its cluster: the shipped program plans publications that its Vault signs. */
const startLimitMs = 40 * 60 * 1000
const bundle = 'pipeline'
const keysWire = z.object({ data: z.object({ keys: z.object({ 1: z.object({ public_key: z.string() }) }) }) })

let folder: string
let home: string
let lab: Lab
let service: Composed
let owned: ReturnType<typeof takeDataFolder>
let client: ServiceClient
let close: () => void

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-sign-'))
  home = join(folder, 'home')
  lab = await startLab({ tier: 3, runFolder: join(folder, 'run'), home, requestsPerSecond: 8 })
  if (lab.vault === null) throw new Error('no Vault in the lab of tier 3')
  const token = await lab.vaultToken('path "transit/keys/policy-bundles" { capabilities = ["read"] }')
  const caller = { token, from: '127.4.0.2' }
  const answer = await openVaultApi(lab.vault).call('GET', 'transit/keys/policy-bundles', caller)
  await writeFile(join(folder, 'transit.pem'), keysWire.parse(answer).data.keys[1].public_key)
  const rights = ['vault.hcl', 'vault-transit.hcl'].map((file) =>
    readFile(join(import.meta.dirname, '..', '..', 'docs', 'rights', file), 'utf8'),
  )
  await writeFile(join(folder, 'token'), await lab.vaultToken((await Promise.all(rights)).join('\n')))
  owned = takeDataFolder(join(home, 'data'))
  service = composeService('cli', home, owned)
  ;({ client, close } = connectInProcess(service.router, service.log))
}, startLimitMs)

afterAll(async () => {
  close?.()
  await service?.stop()
  owned?.release()
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

/** environment.yaml as a person writes it whose bundles are signed by Vault. */
async function signedByVault(name: string, signIn: Environment['sources']['vault'][number]['signIn']): Promise<void> {
  const file = registrationFile(home, name)
  const environment = environmentSchema.parse(parse(await readFile(file, 'utf8')))
  const [settings] = environment.policy?.bundles ?? []
  const [vault] = environment.sources.vault
  if (settings === undefined || vault === undefined) throw new Error(`${name} has no bundle, or no Vault`)
  const key = { vault: vault.id, transitMount: 'transit', keyName: 'policy-bundles' }
  settings.signing = { algorithm: 'ES256', keyId: 'transit', key }
  settings.verification = { keyFile: join(folder, 'transit.pem'), keyId: 'transit' }
  vault.signIn = signIn
  await writeFile(file, stringify(environment))
  await environmentRead(service, name, file)
}

/** What is live now, which the environment published before moves. */
async function live(environment: string): Promise<RevisionId> {
  const revisions = await client.policy.revisions({ environment, bundle })
  const [{ revision, digest } = { revision: 'none', digest: null }] = revisions.filter(({ held }) => held === 'store')
  return { revision, digest }
}

/** The file is read a moment later: until then the bundle is signed as before. Nothing is asked of Vault before that is confirmed. */
async function awaitPlan(environment: string) {
  const gate = async () => {
    const { gates } = await client.policy.plan({ environment, bundle, of: await live(environment) })
    return gates.find((each) => each.gate === 'signature')
  }
  await expect.poll(gate, { timeout: 60_000, interval: 500 }).toMatchObject({
    outcome: 'not-evaluated',
    detail: expect.stringContaining('signed with transit when it is published, and verified before'),
  })
}

/** Which key it was signed with and that the pointer moved, or why not. */
async function published(environment: string): Promise<readonly string[]> {
  await client.changes.enable({ environment, minutes: 5, typed: environment })
  const of = await live(environment)
  const { token } = await client.policy.plan({ environment, bundle, of })
  const told: string[] = []
  for await (const step of await client.policy.publish({ environment, bundle, of, token, typed: environment })) {
    if (step.step === 'signed') told.push(step.detail)
    if (step.step === 'failed') told.push(`${step.pointer}: ${step.message}`)
    if (step.step === 'pointed') return [...told, step.step]
  }
  return told
}

const throughAccount = (role: string, file: string) => ({
  kubernetes: { mount: 'kubernetes', role, audience, from: { file } },
})

test('by address, a token with the shipped rights has a roll-back signed, and OPA verifies it with the key of Vault', async () => {
  await signedByVault('lab', { tokenFile: join(folder, 'token') })
  await awaitPlan('lab')
  expect(await published('lab')).toEqual(['with transit', 'pointed'])
})

test('through the cluster a service account signs in, and is refused in words with the role that only reads', async () => {
  const account = lab.vault?.files.everyhopAccountToken ?? ''
  await signedByVault('lab-cluster', throughAccount(signerName, account))
  await awaitPlan('lab-cluster')
  expect(await published('lab-cluster')).toEqual(['with transit', 'pointed'])
  await signedByVault('lab-cluster', throughAccount(everyhopName, account))
  const failed = async () => (await published('lab-cluster')).join()
  await expect
    .poll(failed, { timeout: 60_000, interval: 500 })
    .toMatch(/^unmoved: .*vault in cluster cluster did not sign.*docs\/rights\/vault-transit\.hcl/)
})
