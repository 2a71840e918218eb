import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import {
  ApiException,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  NetworkingV1Api,
} from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { type FaultExpectation, faultOf, faults, labTierOf } from '../../shared/faults/index.ts'
import type { ClusterPlan } from './cluster/plan.ts'
import { podPlanOf } from './cluster/plan.ts'
import { forwarded } from './cluster/port-forward.ts'
import { readShippedRights } from './cluster/rights.ts'
import { registrationFile } from './environment-file.ts'
import { type Lab, startLab } from './lab.ts'
import { waitFor } from './processes.ts'
import type { LabTruth } from './truth.ts'

/** A first run builds the servers. */
const startLimitMs = 30 * 60 * 1000

let folder = ''
let lab: Lab
let cluster: ClusterPlan

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lab2-'))
  lab = await startLab({
    tier: 2,
    runFolder: path.join(folder, 'run'),
    home: path.join(folder, 'home'),
    requestsPerSecond: 8,
    bundleStaleAfterSeconds: 6,
  })
  if (lab.cluster === null) throw new Error('no cluster in the lab of tier 2')
  cluster = lab.cluster
}, startLimitMs)

afterAll(async () => {
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

function configOf(file: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromFile(file)
  return config
}

const viewer = (): KubeConfig => configOf(cluster.files.viewerKubeconfig)

/** HTTP status and words of a refusal; fails when the call succeeds. */
async function refusal(call: Promise<unknown>): Promise<{ readonly code: number; readonly message: string }> {
  try {
    await call
  } catch (error) {
    if (error instanceof ApiException) return { code: error.code, message: String(error.body) }
    throw error
  }
  throw new Error('the call was not refused')
}

describe("the lab's cluster", () => {
  test('is registered as an environment of its kubeconfig and nothing else', async () => {
    const text = await readFile(registrationFile(path.join(folder, 'home'), 'lab-cluster'), 'utf8')
    const { sources, intent } = environmentSchema.parse(parse(text))
    expect(sources.kubernetes).toEqual([{ id: 'cluster', kubeconfig: cluster.files.viewerKubeconfig }])
    expect([...sources.spire, ...sources.envoy, ...sources.opa, ...sources.logs]).toEqual([])
    expect(intent).toBe(lab.plan.files.intent)
  })

  test.each(['viewerKubeconfig', 'viewerTokenKubeconfig'] as const)(
    'shows its pods to the %s, and no secrets',
    async (file) => {
      const core = configOf(cluster.files[file]).makeApiClient(CoreV1Api)
      const { items } = await core.listPodForAllNamespaces()
      const shown = items.map((pod) => ({
        namespace: pod.metadata?.namespace,
        stage: pod.metadata?.labels?.['everyhop.dev/stage'],
        ip: pod.status?.podIP,
        phase: pod.status?.phase,
        owner: pod.metadata?.ownerReferences?.[0]?.kind,
      }))
      for (const { stage, address } of lab.plan.stages) {
        const { id, namespace } = stage
        expect(shown).toContainEqual({ namespace, stage: id, ip: address, phase: 'Running', owner: 'ReplicaSet' })
      }
      const { code, message } = await refusal(core.listSecretForAllNamespaces())
      expect(code).toBe(403)
      expect(message).toContain('cannot list resource \\"secrets\\"')
    },
  )

  test('lets the viewer change nothing', async () => {
    const core = viewer().makeApiClient(CoreV1Api)
    const { namespace, name } = podPlanOf(cluster, 'gateway')
    expect((await refusal(core.deleteNamespacedPod({ namespace, name }))).code).toBe(403)
    const account = { metadata: { name: 'intruder' } }
    expect((await refusal(core.createNamespacedServiceAccount({ namespace: 'ai', body: account }))).code).toBe(403)
  })

  test('gives decisions and accesses as logs of containers, joined by the decision', async () => {
    const core = viewer().makeApiClient(CoreV1Api)
    const { namespace, name } = podPlanOf(cluster, 'model-server')
    const read = async (container: string): Promise<readonly Record<string, unknown>[]> => {
      const text = await core.readNamespacedPodLog({ namespace, name, container, tailLines: 400 })
      return text
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
    }
    await waitFor(
      'an access that names a decision which OPA logged',
      async () => {
        const decisions = (await read('opa')).filter((line) => line['msg'] === 'Decision Log')
        const known = new Set(decisions.map((line) => line['decision_id']))
        return (await read('envoy')).some(
          (line) => typeof line['decision_id'] === 'string' && known.has(line['decision_id']),
        )
      },
      { timeoutMs: 30_000, everyMs: 300 },
    )
    expect((await read('app')).every((event) => event['stage'] === 'model-server')).toBe(true)
  })

  test("gives the SPIRE server's audit lines as a log", async () => {
    const core = viewer().makeApiClient(CoreV1Api)
    const { namespace, name } = podPlanOf(cluster, 'spire-server')
    const text = await core.readNamespacedPodLog({ namespace, name, container: 'spire-server', tailLines: 200 })
    expect(text).toContain('"type":"audit"')
  })

  test.each(['model-server', 'vector-store'])(
    'leads a port-forward to the admin port of the Envoy of %s',
    async (id) => {
      const info = await forwarded(viewer(), cluster, id, 15_000, '/server_info')
      expect(JSON.parse(info)).toMatchObject({ state: 'LIVE', node: { id } })
    },
  )

  test('leads a port-forward to the API of a sidecar OPA', async () => {
    expect(await forwarded(viewer(), cluster, 'tool-runtime', 8181, '/v1/status')).toContain(
      '"active_revision":"lab-001"',
    )
  })

  test('has a pod for Prometheus exactly where it is to be had, and it has scraped every Envoy', async () => {
    const running = lab.status().servers.some((server) => server.name === 'prometheus')
    expect(cluster.pods.some((pod) => pod.workload === 'prometheus')).toBe(running)
    if (!running) return
    const query = `/api/v1/query?query=${encodeURIComponent('sum(up{job="envoy"})')}`
    await waitFor(
      'Prometheus has scraped every Envoy',
      async () =>
        (await forwarded(viewer(), cluster, 'prometheus', 9090, query)).includes(`"${lab.plan.stages.length}"`),
      { timeoutMs: 30_000, everyMs: 500 },
    )
  })

  test('tells of every pod when it started, by events', async () => {
    const { items } = await viewer().makeApiClient(CoreV1Api).listEventForAllNamespaces()
    const started = items.filter((event) => event.reason === 'Started').map((event) => event.involvedObject.name)
    expect(started.toSorted((a, b) => (a ?? '').localeCompare(b ?? ''))).toEqual(
      cluster.pods.map((pod) => pod.name).toSorted((a, b) => a.localeCompare(b)),
    )
  })

  test('has the entries of the stages made by the controller manager', async () => {
    const { entries, kubernetes } = await lab.truth()
    for (const { spiffeId } of lab.plan.stages) {
      expect(entries.filter((entry) => entry.spiffeId === spiffeId).map((entry) => entry.entryId)).toEqual([
        expect.stringMatching(/^scm\./),
      ])
      // The agents proved their machines by tokens bound to their pods.
      expect(entries.find((entry) => entry.spiffeId === spiffeId)?.parentId).toMatch(
        /^spiffe:\/\/pipeline\.example\/spire\/agent\/k8s_psat\/lab\/[0-9a-f-]{36}$/,
      )
    }
    expect(kubernetes?.clusterSpiffeIds).toEqual([{ name: 'policy-services', podsSelected: 2 }])
    expect(kubernetes?.admission.every((hop) => hop.admission === 'admitted')).toBe(true)
    const custom = viewer().makeApiClient(CustomObjectsApi)
    const listed: unknown = await custom.listClusterCustomObject({
      group: 'spire.spiffe.io',
      version: 'v1alpha1',
      plural: 'clusterstaticentries',
    })
    expect(listed).toMatchObject({ items: { length: lab.plan.stages.length } })
  })

  test('refuses an image without a digest, by its admission policy', async () => {
    const core = configOf(cluster.files.adminKubeconfig).makeApiClient(CoreV1Api)
    const body = {
      metadata: { name: 'intruder' },
      spec: { containers: [{ name: 'app', image: 'registry.pipeline.example/intruder:latest' }] },
    }
    const create = (): Promise<unknown> => core.createNamespacedPod({ namespace: 'ai', body, dryRun: 'All' })
    expect((await refusal(create())).message).toContain('every image must be named by its digest')
  })
})

describe('a viewer without a right', () => {
  test('is refused exactly that', async () => {
    const less = configOf(await lab.withRights(['pods/log', 'networkpolicies', 'watch nodes', 'pods/portforward']))
    const core = less.makeApiClient(CoreV1Api)
    expect((await core.listPodForAllNamespaces()).items.length).toBeGreaterThan(0)
    expect((await core.listNode()).items).toHaveLength(2)
    const { namespace, name } = podPlanOf(cluster, 'gateway')
    expect((await refusal(core.readNamespacedPodLog({ namespace, name, container: 'envoy' }))).message).toContain(
      'pods/log',
    )
    const policies = less.makeApiClient(NetworkingV1Api).listNetworkPolicyForAllNamespaces()
    expect((await refusal(policies)).message).toContain('networkpolicies')
    expect(await mayI(less, 'watch', 'nodes')).toBe(false)
    expect(await mayI(viewer(), 'watch', 'nodes')).toBe(true)
    await expect(forwarded(less, cluster, 'gateway', 15_000, '/server_info')).rejects.toThrow('403')
  })

  test('can be made for every resource that is shipped', async () => {
    const { role } = await readShippedRights()
    const resources = role.rules.flatMap((rule) => rule.resources)
    const files = await Promise.all(resources.map((resource) => lab.withRights([resource])))
    expect(new Set(files).size).toBe(resources.length)
    await expect(lab.withRights(['secrets'])).rejects.toThrow('no secrets that could be taken away')
  })
})

describe('the faults of tier 2', () => {
  for (const { id, title } of faults.filter((fault) => labTierOf(fault) === 2)) {
    test(`${id}: ${title} is made and undone`, async () => {
      await lab.inject(id)
      expect(unmet(await lab.truth(), faultOf(id).expects.states)).toEqual([])
      await lab.heal()
      const healed = await lab.truth()
      expect(healed.activeFault).toBeNull()
      expect(healed.stages.every((stage) => stage.registered && stage.certificate !== null)).toBe(true)
      expect(healed.kubernetes?.admission.every((hop) => hop.admission === 'admitted')).toBe(true)
    })
  }

  // Those of tier 1 that change entries go through objects here, and the controller manager must not undo them.
  for (const id of ['entry-deleted', 'expired-svid', 'hop-without-identity'] as const) {
    test(`${id}, of tier 1, is made and undone through objects`, async () => {
      await lab.inject(id)
      const stage = id === 'expired-svid' ? undefined : faultOf(id).hits
      const truth = await lab.truth()
      const unregistered = truth.stages.filter((each) => !each.registered).map((each) => ({ stage: each.stage }))
      expect(unregistered).toEqual(stage === undefined ? [] : [stage])
      await lab.heal()
      expect((await lab.truth()).stages.every((each) => each.registered)).toBe(true)
    })
  }
})

/** What of a fault's expectations the lab itself can tell and does not say. */
function unmet(truth: LabTruth, expects: FaultExpectation): readonly string[] {
  const { kubernetes } = truth
  if (kubernetes === null) return ['no cluster']
  const left: string[] = []
  for (const { hop, admission } of expects.network ?? []) {
    const found = kubernetes.admission.find((each) => each.from === hop.from && each.to === hop.to)
    if (found?.admission !== admission) left.push(`${hop.from} to ${hop.to} is ${found?.admission}`)
  }
  for (const expected of expects.objects ?? []) {
    const { kind, name, namespace } = expected.object
    if ('podsSelected' in expected) {
      const found = kubernetes.clusterSpiffeIds.find((each) => each.name === name)
      if (found?.podsSelected !== expected.podsSelected) left.push(`${name} selects ${found?.podsSelected}`)
    } else if ('validationActions' in expected) {
      const found = kubernetes.admissionBindings.find((each) => each.name === name)
      if (found?.actions.join() !== expected.validationActions.join()) left.push(`${name}: ${found?.actions.join()}`)
    } else {
      const names =
        kind === 'NetworkPolicy'
          ? kubernetes.networkPolicies.filter((each) => each.namespace === namespace).map((each) => each.name)
          : kubernetes.staticEntries.map((each) => each.name)
      if (names.includes(name)) left.push(`${kind} ${name} is there`)
    }
  }
  for (const { stage, states } of expects.workloads) {
    const found = truth.stages.find((each) => each.stage === stage)
    if (states.includes('no-identity') && found?.certificate !== null) left.push(`${stage} has a certificate`)
  }
  return left
}

async function mayI(config: KubeConfig, verb: string, resource: string): Promise<boolean> {
  const review = { spec: { resourceAttributes: { verb, resource } } }
  const answer = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({ body: review })
  return answer.status?.allowed === true
}
