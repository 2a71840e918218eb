import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { credentialOf, credentials } from '../../electron/playground/simulators/vault/credentials.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { faultOf, faults, labTierOf, type VaultExpectation } from '../../shared/faults/index.ts'
import { podPlanOf } from './cluster/plan.ts'
import { forwarded } from './cluster/port-forward.ts'
import { registrationFile } from './environment-file.ts'
import { type Lab, startLab } from './lab.ts'
import { waitFor } from './processes.ts'
import { openVaultApi, type VaultApi, VaultRefusal } from './vault/api.ts'
import type { VaultPlan } from './vault/plan.ts'
import type { VaultTruth } from './vault/truth.ts'

/** A first run builds the servers. */
const startLimitMs = 40 * 60 * 1000
/** Nothing else of the lab calls from here. */
const from = '127.4.0.1'

let folder = ''
let lab: Lab
let plan: VaultPlan
let api: VaultApi

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lab3-'))
  lab = await startLab({ tier: 3, runFolder: path.join(folder, 'run'), home: path.join(folder, 'home') })
  if (lab.vault === null) throw new Error('no Vault in the lab of tier 3')
  plan = lab.vault
  api = openVaultApi(plan)
}, startLimitMs)

afterAll(async () => {
  await lab?.stop()
  const database = lab?.vault?.files.postgres
  if (database !== undefined) await expect(stat(database), 'the database is left behind').rejects.toThrow('ENOENT')
  await rm(folder, { recursive: true, force: true })
}, 60_000)

async function vaultTruth(): Promise<VaultTruth> {
  const { vault } = await lab.truth()
  if (vault === null) throw new Error('no Vault in the truth')
  return vault
}

const leaseOf = (truth: VaultTruth, stage: string) =>
  truth.leases?.find(({ leaseId }) => leaseId === truth.held.find((each) => each.stage === stage)?.leaseId)

const auditLine = z.object({
  type: z.enum(['request', 'response']),
  error: z.string().optional(),
  auth: z.object({ display_name: z.string().optional(), entity_id: z.string().optional() }).optional(),
  request: z.object({ path: z.string(), operation: z.string(), remote_address: z.string().optional() }),
  response: z.object({ secret: z.object({ lease_id: z.string().optional() }).optional() }).optional(),
})

async function auditLines(): Promise<readonly z.infer<typeof auditLine>[]> {
  const text = await readFile(plan.files.auditLog, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n'))
    .split('\n')
    .map((line) => auditLine.parse(JSON.parse(line)))
}

describe("the lab's Vault", () => {
  test('is a source of both environments: by its address with its audit log, and through the cluster', async () => {
    const read = async (name: string) =>
      environmentSchema.parse(parse(await readFile(registrationFile(path.join(folder, 'home'), name), 'utf8'))).sources
    const [byAddress, byCluster] = await Promise.all([read('lab'), read('lab-cluster')])
    expect(byAddress.vault).toMatchObject([
      { id: 'vault', address: `http://${plan.address}:${plan.port}`, signIn: { tokenFile: plan.files.everyhopToken } },
    ])
    expect(byAddress.logs.filter(({ writtenBy }) => writtenBy === 'vault')).toMatchObject([
      { record: 'vault-audit', file: plan.files.auditLog },
    ])
    expect(byCluster.vault).toMatchObject([
      { cluster: 'cluster', signIn: { kubernetes: { from: { file: plan.files.everyhopAccountToken } } } },
    ])
  })

  test('has given each stage what it holds, and neither more nor to others', async () => {
    const truth = await vaultTruth()
    expect(truth.held.map(({ stage }) => stage).toSorted()).toEqual(credentials.map(({ stage }) => stage).toSorted())
    expect(truth.leases?.map(({ leaseId }) => leaseId).toSorted()).toEqual(
      truth.held.map(({ leaseId }) => leaseId).toSorted(),
    )
    for (const { stage, path: issuedAt, mount, renewable } of credentials) {
      expect(leaseOf(truth, stage)).toMatchObject({ mount, renewable })
      expect(leaseOf(truth, stage)?.leaseId).toMatch(new RegExp(`^${issuedAt}/\\w+$`))
      expect(leaseOf(truth, stage)?.ttlSeconds).toBeLessThanOrEqual(credentialOf(stage).ttlSeconds)
    }
    expect(truth.databaseLogins).toHaveLength(2)
    expect(truth.generatedAccounts).toHaveLength(1)
  })

  test('tells in its audit log which SPIFFE ID was given which lease, from which address, and no token', async () => {
    const { held } = await vaultTruth()
    const lines = await auditLines()
    for (const { stage, spiffeId, leaseId } of held) {
      const issued = lines.find(({ response }) => response?.secret?.lease_id === leaseId)
      expect(issued?.auth?.display_name, stage).toBe(`jwt-${spiffeId}`)
      expect(issued?.request.remote_address).toBe(lab.plan.stages.find((each) => each.stage.id === stage)?.address)
    }
    const text = await readFile(plan.files.auditLog, 'utf8')
    expect(text).not.toMatch(/"(?:client_token|accessor|jwt|password|private_key)":"(?!hmac-sha256:|")/)
    expect(text).not.toContain((await readFile(plan.files.everyhopToken, 'utf8')).trim())
  })

  test('knows a stage by its SPIFFE ID as the alias of an entity', async () => {
    const { held } = await vaultTruth()
    const entity = z.object({
      data: z.object({ aliases: z.array(z.object({ name: z.string(), mount_type: z.string() })) }),
    })
    const token = await lab.vaultToken('path "identity/entity/id/*" { capabilities = ["read"] }')
    for (const { spiffeId, leaseId } of held) {
      const id = (await auditLines()).find(({ response }) => response?.secret?.lease_id === leaseId)?.auth?.entity_id
      const { aliases } = entity.parse(await api.call('GET', `identity/entity/id/${id}`, { token, from })).data
      expect(aliases).toEqual([{ name: spiffeId, mount_type: 'jwt' }])
    }
  })

  test('renews the account of vector-store for it', async () => {
    await waitFor(
      'the lease is renewed',
      async () => (leaseOf(await vaultTruth(), 'vector-store')?.lastRenewal ?? null) !== null,
      { timeoutMs: 30_000, everyMs: 500 },
    )
  })

  test.each([
    ['vector-store', 'databaseLogins'],
    ['tool-runtime', 'generatedAccounts'],
  ] as const)(
    'takes the account of %s out of its system when the lease is revoked; the stage gets another',
    async (stage, accounts) => {
      const before = await vaultTruth()
      const token = await lab.vaultToken('path "sys/leases/revoke" { capabilities = ["update"] }')
      const leaseId = leaseOf(before, stage)?.leaseId
      await api.call('PUT', 'sys/leases/revoke', { token, from }, { lease_id: leaseId, sync: true })
      const after = await vaultTruth()
      expect(after.leases?.map((lease) => lease.leaseId)).not.toContain(leaseId)
      expect(before[accounts].filter((account) => !after[accounts].includes(account))).toHaveLength(1)
      await waitFor(
        `${stage} holds another`,
        async () => {
          const lease = leaseOf(await vaultTruth(), stage)
          return lease !== undefined && lease.leaseId !== leaseId
        },
        { timeoutMs: 30_000, everyMs: 300 },
      )
    },
  )

  test('is found in the cluster as other servers are: pod, service, port-forward, log', async () => {
    const cluster = lab.cluster
    if (cluster === null) throw new Error('no cluster in the lab of tier 3')
    const viewer = new KubeConfig()
    viewer.loadFromFile(cluster.files.viewerKubeconfig)
    const core = viewer.makeApiClient(CoreV1Api)
    const { namespace, name } = podPlanOf(cluster, 'vault')
    const { items } = await core.listNamespacedPod({ namespace, fieldSelector: `metadata.name=${name}` })
    const labels = { 'app.kubernetes.io/name': 'vault', component: 'server' }
    expect(items.map((pod) => pod.metadata?.labels)).toEqual([expect.objectContaining(labels)])
    const services = await core.listNamespacedService({ namespace })
    expect(services.items.map((service) => service.spec?.ports?.[0]?.port)).toEqual([8200])
    const health: unknown = JSON.parse(await forwarded(viewer, cluster, 'vault', 8200, '/v1/sys/health'))
    expect(health).toMatchObject({ version: '1.21.4', sealed: false, cluster_name: 'lab' })
    await waitFor(
      "the pod's log has the audit line of the lease that model-server holds",
      async () => {
        const leaseId = leaseOf(await vaultTruth(), 'model-server')?.leaseId ?? 'none'
        return (await core.readNamespacedPodLog({ namespace, name, container: 'vault' })).includes(leaseId)
      },
      { timeoutMs: 20_000, everyMs: 300 },
    )
  })

  test('lets Everyhop in by its token, and by its service account, with the shipped policy and no other', async () => {
    const login = z.object({ auth: z.object({ client_token: z.string(), policies: z.array(z.string()) }) })
    const jwt = (await readFile(plan.files.everyhopAccountToken, 'utf8')).trim()
    const byAccount = await api.call('PUT', 'auth/kubernetes/login', { token: null, from }, { role: 'everyhop', jwt })
    expect(login.parse(byAccount).auth.policies).toEqual(['everyhop'])
    const given = (await readFile(plan.files.everyhopToken, 'utf8')).trim()
    for (const token of [given, login.parse(byAccount).auth.client_token]) {
      await api.call('GET', 'sys/mounts', { token, from })
      const revoking = api.call('PUT', 'sys/leases/revoke-prefix/database', { token, from })
      await expect(revoking).rejects.toThrow('permission denied')
      await expect(api.call('GET', 'database/creds/vector-store', { token, from })).rejects.toThrow('permission denied')
    }
  })

  test('refuses the JWT-SVID of one stage for the role of another, in words', async () => {
    const jwt = (await readFile(plan.files.everyhopAccountToken, 'utf8')).trim()
    const login = api.call('PUT', 'auth/jwt/login', { token: null, from }, { role: 'vector-store', jwt })
    await expect(login).rejects.toThrow(/answered 400: .*error validating token/)
  })
})

describe('the faults of tier 3', () => {
  for (const { id, title } of faults.filter((fault) => labTierOf(fault) === 3)) {
    test(`${id}: ${title} is made and undone`, async () => {
      const { vault: expected } = faultOf(id).expects.states
      if (expected === undefined) throw new Error(`${id} expects nothing of Vault`)
      const before = await vaultTruth()
      await lab.inject(id)
      try {
        expect(await unmet(await vaultTruth(), expected)).toEqual([])
      } finally {
        await lab.heal()
      }
      const healed = await vaultTruth()
      expect(await unmet(healed, { answers: 'active', newLeases: [], denials: [] })).toEqual([])
      expect(healed.databaseLogins).toHaveLength(before.databaseLogins.length)
    })
  }

  test('a rotated audit log is told whole: what was put aside ends where the new one begins', async () => {
    await lab.inject('audit-log-rotated')
    await lab.heal()
    const aside = await readFile(`${plan.files.auditLog}.1`, 'utf8')
    expect(aside.endsWith('\n')).toBe(true)
    const { held } = await vaultTruth()
    const now = held.find(({ stage }) => stage === 'vector-store')?.leaseId ?? 'none'
    expect(aside).not.toContain(now)
    expect(JSON.stringify(await auditLines())).toContain(now)
  })
})

/** In what Vault itself does not say what the fault's catalogue entry says. */
async function unmet(truth: VaultTruth, expected: VaultExpectation): Promise<readonly string[]> {
  const left: string[] = []
  const asked = await statusOfRead()
  const answers =
    truth.sealed && asked === 503 ? 'sealed' : asked === 429 ? 'limited' : asked === 200 ? 'active' : asked
  if (answers !== expected.answers) left.push(`Vault is ${answers}`)
  if (truth.leases === null) return expected.answers === 'sealed' ? left : [...left, 'no leases']
  const held = new Set(truth.held.map(({ leaseId }) => leaseId))
  for (const { leaseId } of truth.held) {
    if (!truth.leases.some((lease) => lease.leaseId === leaseId)) left.push(`${leaseId} is held and gone`)
  }
  const extra = truth.leases.filter(({ leaseId }) => !held.has(leaseId))
  if (extra.length !== expected.newLeases.length) left.push(`${extra.length} leases are new`)
  const lines = await auditLines()
  for (const wanted of expected.newLeases) {
    const lease = extra.find(({ leaseId }) => leaseId.startsWith(`${wanted.path}/`))
    const holder = lines.find(({ response }) => response?.secret?.lease_id === lease?.leaseId)?.auth?.display_name
    if (holder !== `jwt-${wanted.holder}`) left.push(`${lease?.leaseId} is held by ${holder}`)
    if (wanted.finding === 'too-long' && (lease?.ttlSeconds ?? 0) <= 3600) left.push(`${lease?.leaseId} is short`)
    const isStage = lab.plan.stages.some(({ spiffeId }) => spiffeId === wanted.holder)
    if (wanted.finding === 'orphaned' && isStage) left.push(`${wanted.holder} is a stage`)
  }
  for (const { stage, path: denied } of expected.denials) {
    const { spiffeId } = lab.plan.stages.find((each) => each.stage.id === stage) ?? { spiffeId: 'nobody' }
    const isTold = lines.some(
      ({ request, auth, error }) =>
        request.path === denied && auth?.display_name === `jwt-${spiffeId}` && error?.includes('permission denied'),
    )
    if (!isTold) left.push(`no denial of ${denied} to ${stage}`)
  }
  return left
}

/** Asked as Everyhop is asked for: by its token, more than once. */
async function statusOfRead(): Promise<number> {
  const token = (await readFile(plan.files.everyhopToken, 'utf8')).trim()
  let status = 0
  for (let count = 0; count < 3; count += 1) {
    status = await api.call('GET', 'sys/mounts', { token, from }).then(
      () => 200,
      (error: unknown) => {
        if (error instanceof VaultRefusal) return error.status
        throw error
      },
    )
  }
  return status
}
