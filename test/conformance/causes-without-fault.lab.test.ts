import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endedSvid } from '../../electron/playground/faults/identities.ts'
import type { RunningPlayground } from '../../electron/playground/index.ts'
import { bundleServerPod } from '../../electron/playground/mesh/pods.ts'
import { trustDomain } from '../../electron/playground/pipeline/topology.ts'
import { className } from '../../electron/playground/simulators/kubernetes/objects/desired.ts'
import { podIdentities } from '../../electron/playground/simulators/kubernetes/objects/identities.ts'
import { agentIdOf } from '../../electron/playground/world/addresses.ts'
import { playgroundEnvironment as environment } from '../../shared/contract/playground.ts'
import type { Confidence, HandshakeCause, RequestCause } from '../../shared/domain/diagnosis/model.ts'
import type { IdentityCause } from '../../shared/domain/diagnosis/no-identity/model.ts'
import type { Hop, TrustGraph } from '../../shared/domain/model/graph.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { requestsOf, snapshot } from '../diagnosis/capture.ts'
import { type EveryhopOnPlayground, startEveryhopOnPlayground } from '../playground/everyhop-on-playground.ts'

/**
 * Causes that no fault of the catalogue provokes, made with the playground's own knobs: nobody is offered them to play with. Which
 * others there are, and why nothing here makes them, docs/diagnosis/README.md says.
 */
let on: EveryhopOnPlayground
const longMs = 60_000

type Controls = RunningPlayground['controls']
/** Makes it; gives what undoes it. */
type Make = (playground: Controls) => Promise<() => unknown> | (() => unknown)

beforeAll(async () => {
  on = await startEveryhopOnPlayground({ windowSeconds: 5, requestsPerSecond: 8 })
})
afterAll(() => on?.stop())

const [service, filter] = [bundleServerPod(() => null), 'output-filter']

describe('no identity', () => {
  test.each<[IdentityCause, string, Confidence, Make]>([
    [
      'class-without-manager',
      `${service.namespace}/${service.name}`,
      'medium',
      declared(() => podIdentities('another-team')),
    ],
    [
      'template-fails',
      `${service.namespace}/${service.name}`,
      'high',
      declared(() => {
        const object = podIdentities(className)
        const spiffeIDTemplate = `spiffe://${trustDomain}/team/{{ index .PodMeta.Labels "team" }}`
        return { ...object, spec: { ...Object(object['spec']), spiffeIDTemplate } }
      }),
    ],
    ['agent-banned', 'vector-store', 'high', standing('banned')],
    ['agent-not-attested', 'vector-store', 'medium', standing('evicted')],
    ['entry-selectors-mismatch', filter, 'high', entry({ selectors: [{ type: 'k8s', value: 'sa:output-filters' }] })],
    ['entry-of-another-agent', filter, 'high', entry({ parentId: agentIdOf('node-b') })],
    ['socket-not-mounted', 'vector-store', 'medium', unmounted('vector-store')],
  ])('because of %s is diagnosed of %s', async (cause, workload, confidence, make) => {
    await whileMade(make, async () => {
      const { verdict } = await on.client.diagnosis.noIdentity({ environment, workload })
      expect([verdict.cause, verdict.confidence], reasonSentence(verdict.reason)).toEqual([cause, confidence])
      expect(verdict.restsOn).not.toEqual([])
    })
  })
})

describe('a handshake', () => {
  beforeAll(settled)
  test.each<[HandshakeCause, string, string, Confidence, Make]>([
    [
      'client-identity-unexpected',
      'orchestrator',
      'vector-store',
      'high',
      ({ mesh }) => {
        mesh.sidecar('vector-store').acceptCallers([`spiffe://${trustDomain}/ns/ai/sa/another`])
        return () => mesh.sidecar('vector-store').acceptCallers(null)
      },
    ],
    [
      'client-speaks-plaintext',
      'orchestrator',
      'vector-store',
      'high',
      ({ mesh }) => {
        mesh.sidecar('orchestrator').plaintext({ to: 'vector-store' }, true)
        return () => mesh.sidecar('orchestrator').plaintext({ to: 'vector-store' }, false)
      },
    ],
    [
      'client-certificate-expired',
      'application',
      'gateway',
      'high',
      async (playground) => {
        playground.world.override('application', await endedSvid(playground, 'application'))
        return () => playground.world.override('application', null)
      },
    ],
    [
      'client-has-no-svid',
      'application',
      'gateway',
      'medium',
      async (playground) => {
        // It is registered, and SDS gives it nothing.
        playground.world.holdBack('application', true)
        await restarted(playground, 'application')
        return () => playground.world.holdBack('application', false)
      },
    ],
    [
      'server-issuer-not-trusted',
      'application',
      'gateway',
      'high',
      async ({ world }) => {
        // It trusts what it was given with an SVID, and nothing new.
        await soon(() => expect(world.delivered('application').svid).not.toBeNull())
        world.holdBack('application', true)
        await world.authority.prepare()
        world.authority.activate()
        await world.rotate()
        return async () => {
          world.holdBack('application', false)
          await world.rotate()
          world.authority.revokeOld()
          await world.rotate()
        }
      },
    ],
  ])('that fails by %s is diagnosed between %s and %s', async (cause, from, to, confidence, make) => {
    await whileMade(make, async () => {
      const { verdict } = await on.client.diagnosis.handshake({ environment, from, to })
      expect([verdict.cause, verdict.confidence], reasonSentence(verdict.reason)).toEqual([cause, confidence])
      expect(verdict.restsOn).not.toEqual([])
    })
  })
})

describe('a refused request', () => {
  test.each<[RequestCause, string, string, Confidence, Make]>([
    [
      'network-unreachable',
      'orchestrator',
      'vector-store',
      'medium',
      async ({ mesh }) => {
        await mesh.sidecar('vector-store').setUp(false)
        return () => mesh.sidecar('vector-store').setUp(true)
      },
    ],
    [
      'opa-erred',
      'application',
      'gateway',
      'high',
      async ({ mesh }) => {
        await mesh.bundles.publish({ revision: 'with-conflict', decision: 'conflicting' })
        return () => mesh.bundles.publish({ revision: 'without-conflict' })
      },
    ],
  ])('because of %s is diagnosed between %s and %s', async (cause, from, to, confidence, make) => {
    const since = Date.now()
    await whileMade(make, async () => {
      const now = await snapshot(on.service, environment)
      const [id] = requestsOf(now, hopBetween(now.graph, from, to), since, false)
      if (id === undefined) throw new Error('no request of the hop has failed yet')
      const { verdict, subject } = await on.client.diagnosis.request({ environment, asked: { by: 'request', id } })
      expect([verdict.cause, verdict.confidence], reasonSentence(verdict.reason)).toEqual([cause, confidence])
      expect(subject.to.name).toBe(to)
      expect(verdict.restsOn).not.toEqual([])
    })
  })
})

/** The one object that gives pods of the policy services their identity, changed. */
function declared(change: () => ReturnType<typeof podIdentities>): Make {
  return ({ simulators: { kubernetes } }) => {
    kubernetes.set(change())
    return () => kubernetes.set(podIdentities(className))
  }
}

function standing(as: 'banned' | 'evicted'): Make {
  return ({ world }) => {
    world.setStanding('node-b', as)
    return () => world.setStanding('node-b', 'attested')
  }
}

/** Its sidecar is started anew: one that holds an SVID was given one. */
function entry(change: Parameters<Controls['world']['changeEntry']>[1]): Make {
  return async (playground) => {
    playground.world.changeEntry(filter, change)
    await restarted(playground, filter)
    return () => playground.world.changeEntry(filter, null)
  }
}

/** Its kubelet cannot mount the Workload API, and so nothing of the pod begins. */
function unmounted(stage: string): Make {
  return async ({ mesh, simulators: { kubernetes } }) => {
    const plan = mesh.pods().find(({ workload }) => workload === stage)
    const pod = plan === undefined ? null : kubernetes.get('Pod', plan.namespace, plan.name)
    if (plan === undefined || pod === null) throw new Error(`there is no pod of ${stage}`)
    const waiting = ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'False' }))
    kubernetes.set({ ...pod, status: { ...Object(pod['status']), phase: 'Pending', conditions: waiting } })
    const message = 'MountVolume.SetUp failed for volume "spire": driver name csi.spiffe.io not found'
    kubernetes.event({ kind: 'Pod', namespace: plan.namespace, name: plan.name }, 'Warning', 'FailedMount', message)
    await mesh.sidecar(stage).setUp(false)
    return async () => {
      kubernetes.set(pod)
      await mesh.sidecar(stage).setUp(true)
    }
  }
}

async function restarted({ mesh }: Controls, stage: string): Promise<void> {
  await mesh.sidecar(stage).setUp(false)
  await mesh.sidecar(stage).setUp(true)
}

/** Sources are read a little later than things happen. Rejects with the last of what was wrong; nothing is left broken. */
async function whileMade(make: Make, look: () => Promise<void>): Promise<void> {
  const { controls } = on.playground
  const undo = await make(controls)
  try {
    await soon(look)
  } finally {
    await undo()
  }
}

async function soon(look: () => unknown): Promise<void> {
  const end = Date.now() + longMs
  for (;;) {
    try {
      await look()
      return
    } catch (reason) {
      if (Date.now() >= end) throw reason
    }
    await pause(200)
  }
}

function hopBetween({ workloads, hops }: TrustGraph, from: string, to: string): Hop {
  const idOf = (name: string) => workloads.find((each) => each.name === name)?.id
  const found = hops.find((each) => each.from === idOf(from) && each.to === idOf(to))
  if (found === undefined) throw new Error(`there is no hop from ${from} to ${to}`)
  return found
}

async function settled(): Promise<void> {
  await on.settle(({ hops }) => hops.filter(({ transport }) => transport.state !== 'verified').map(({ id }) => id), 60)
}
