import { expect, test } from 'vitest'
import type { KubeContext } from '../../shared/contract/environment-setup.ts'
import { proposeInput } from '../../shared/contract/environment-setup.ts'
import { fakeCluster, spirePod, stagePod } from '../../test/builders/cluster-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { proposeEnvironment } from './environment-proposal.ts'

const context: KubeContext = {
  choice: { kubeconfig: '/kube', context: 'arn:aws:eks:eu-1:1:cluster/Prod_EU' },
  name: 'arn:aws:eks:eu-1:1:cluster/Prod_EU',
  current: true,
  server: 'https://k.example',
  cluster: 'eu',
  user: { name: 'reader', kind: 'exec' },
  program: { command: 'aws', arguments: [], variables: [], mark: `sha256:${'a'.repeat(64)}` },
  problem: null,
  fingerprint: 'f1',
}

function propose(
  more: Record<string, unknown>,
  pods: Parameters<ReturnType<typeof fakeCluster>['show']>[0],
  taken: readonly string[] = [],
) {
  const clock = createManualClock()
  const cluster = fakeCluster(clock, async function* () {})
  cluster.show(pods)
  const input = proposeInput.parse({ choice: context.choice, fingerprint: 'f1', allowExec: true, ...more })
  const contexts = { contexts: [context], broken: [], lookedAt: [] }
  const parts = { connectors: cluster.connectors, ports: cluster.ports, baseDirectory: '/home' }
  return proposeEnvironment(input, contexts, new Set(taken), parts, new AbortController().signal)
}

test('what runs in a cluster is proposed with a reason each, and with what still needs an identity', async () => {
  const { draft, found, cluster, namespaces } = await propose(
    {},
    [stagePod('model'), spirePod('spire-server-0')],
    ['prod-eu'],
  )
  expect(cluster).toEqual({ read: true })
  expect(draft).toMatchObject({
    name: 'prod-eu-2',
    production: true,
    sources: {
      kubernetes: [{ id: 'cluster', kubeconfig: '/kube', context: context.name, allowExec: context.program?.mark }],
    },
  })
  expect(found.map(({ kind, use, port }) => [kind, use, port])).toEqual([
    ['envoy', 'read', 15_000],
    ['spire', 'needs-identity', 8081],
  ])
  for (const { reason } of found) expect(reason.length).toBeGreaterThan(0)
  expect(namespaces).toEqual(['ai', 'spire'])
})

test('pods that may not be read are said with the cluster’s own words, and never taken for none', async () => {
  expect(await propose({}, null)).toMatchObject({
    cluster: { read: false, reason: 'forbidden', detail: 'no' },
    found: [],
  })
})

test('a program that nobody allowed, and a context that changed since it was shown, are refused before anything is opened', async () => {
  await expect(propose({ allowExec: false }, [])).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('aws'),
  })
  await expect(propose({ fingerprint: 'f0' }, [])).rejects.toMatchObject({ code: 'conflict' })
  await expect(propose({ choice: { kubeconfig: '/kube', context: 'gone' } }, [])).rejects.toMatchObject({
    code: 'not-found',
  })
})
