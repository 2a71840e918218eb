import type { KubeContexts, ProgramQuestion, Proposal, RoleText } from '../../shared/contract/environment-setup.ts'
import type { SourceTestReport, TestingEvent } from '../../shared/contract/environments.ts'
import type { NotKept } from '../../shared/contract/system.ts'

/** Invented answers for the connections screen. */
export const contextsFixture: KubeContexts = {
  contexts: [
    contextOf('staging-eu-reader', 'client-certificate', null, true),
    contextOf('prod-eu', 'exec', {
      command: 'aws',
      arguments: ['--region', 'eu-central-1', 'eks', 'get-token', '--cluster-name', 'prod eu'],
      variables: ['AWS_PROFILE'],
      mark: `sha256:${'0'.repeat(64)}`,
    }),
    { ...contextOf('old', 'token', null), problem: { code: 'tls-not-verified', name: 'old' } },
  ],
  broken: [
    { file: '~/.kube/teams.yaml', message: 'the file is not a kubeconfig that can be read', line: 12, column: 7 },
  ],
  lookedAt: [{ file: '~/.kube/config', found: true }],
}

function contextOf(
  name: string,
  kind: KubeContexts['contexts'][number]['user']['kind'],
  program: KubeContexts['contexts'][number]['program'],
  current = false,
): KubeContexts['contexts'][number] {
  return {
    choice: { kubeconfig: '~/.kube/config', context: name },
    name,
    current,
    server: `https://${name}.example:6443`,
    cluster: name,
    user: { name: 'reader', kind },
    program,
    problem: null,
    fingerprint: name,
  }
}

export const questionFixture: ProgramQuestion = {
  source: 'cluster',
  context: 'staging-eu-reader',
  user: 'reader',
  file: '~/.kube/config',
  program: {
    command: './bin/get-token',
    arguments: ['--cluster', 'staging eu'],
    variables: [],
    mark: `sha256:${'1'.repeat(64)}`,
  },
  why: 'changed',
}

export const notKeptFixture: NotKept = {
  folder: '~/.config/everyhop/data',
  reason: 'Another Everyhop keeps its records in ~/.config/everyhop/data, and does not answer.',
  advice: 'End the other Everyhop, then start this one again.',
}

export const proposalFixture: Proposal = {
  draft: {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: 'staging-eu-reader',
    sources: { kubernetes: [{ id: 'cluster', kubeconfig: '~/.kube/config', context: 'staging-eu-reader' }] },
  },
  cluster: { read: true },
  found: [
    foundOf('spire', 'spire', 'spire-server-0', 8081, 'needs-identity'),
    foundOf('vault', 'vault', 'vault-0', 8200, 'needs-identity'),
    foundOf('envoy', 'ai', 'model-server-7d4b', 15_000, 'read'),
    foundOf('opa', 'ai', 'model-server-7d4b', 8181, 'read'),
  ],
  foundCount: 4,
  namespaces: ['ai', 'spire', 'vault'],
}

function foundOf(
  kind: string,
  namespace: string,
  pod: string,
  port: number,
  use: Proposal['found'][number]['use'],
): Proposal['found'][number] {
  const reason = [{ code: 'command-runs', params: { program: kind } }]
  return { kind, id: `${kind}.${pod}`, namespace, pod, container: kind, port, use, reason }
}

const tested = { state: 'tested', tested: ['1.36'] } as const

const reports: readonly SourceTestReport[] = [
  reportOf('kubernetes', 'cluster', 'partly', {
    version: 'v1.36.2',
    support: tested,
    tls: 'verified',
    identity: { kind: 'kubeconfig-user', name: 'everyhop-reader' },
    steps: [
      {
        what: 'networkpolicies',
        locator: 'GET /apis/networking.k8s.io/v1/networkpolicies',
        outcome: 'forbidden',
        detail:
          'networkpolicies.networking.k8s.io is forbidden: User "everyhop-reader" cannot list resource "networkpolicies" in API group "networking.k8s.io" at the cluster scope',
      },
    ],
    rights: [
      { what: 'pods', right: 'pods', state: 'held' },
      { what: 'networkpolicies', right: 'networkpolicies', state: 'missing' },
    ],
    unknown: ['networkpolicies'],
    ask: { kind: 'kubernetes', rights: ['networkpolicies'], user: 'everyhop-reader', trustDomain: null },
  }),
  reportOf('spire', 'spire', 'usable', {
    tls: 'mutual-through-cluster',
    identity: { kind: 'svid-files', name: 'svid.pem' },
    rights: [{ what: 'agents', right: 'spire.api.server.agent.v1.Agent/ListAgents', state: 'held' }],
  }),
  reportOf('vault', 'vault', 'partly', {
    tls: 'through-cluster',
    identity: { kind: 'token', name: 'vault-token' },
    steps: [
      {
        what: 'identity',
        locator: 'GET auth/token/lookup-self',
        outcome: 'read',
        detail:
          'token-everyhop by the token in vault-token; policies everyhop; ends 2026-11-22T19:00:00.000Z, TTL 14 m 10 s, renewable',
      },
      {
        what: 'roles',
        locator: 'list postgres/roles',
        outcome: 'forbidden',
        detail: 'the token may not list postgres/roles',
      },
    ],
    rights: [{ what: 'roles', right: 'list postgres/roles', state: 'missing' }],
    unknown: ['roles'],
    ask: { kind: 'vault', rights: ['list postgres/roles', 'read postgres/roles/+'], user: null, trustDomain: null },
    leaseMounts: [
      { mount: 'pki/', type: 'pki', listed: false, estimate: { leases: 0, requests: 1 }, walk: null },
      { mount: 'postgres/', type: 'database', listed: false, estimate: { leases: 1204, requests: 9 }, walk: null },
    ],
  }),
  reportOf('envoy', 'ai.model-server', 'usable', { tls: 'through-cluster' }),
  reportOf('envoy', 'edge.gateway', 'unusable', {
    reached: false,
    tls: 'unknown',
    steps: [
      { what: 'connection', locator: 'GET /server_info', outcome: 'unreachable', detail: 'connect ECONNREFUSED' },
    ],
    unknown: ['connection'],
  }),
]

function reportOf(
  source: SourceTestReport['source'],
  instance: string,
  outcome: SourceTestReport['outcome'],
  more: Partial<SourceTestReport>,
): SourceTestReport {
  return {
    source,
    instance,
    address: 'https://staging-eu.example:6443',
    outcome,
    version: null,
    tookMs: 84,
    steps: [],
    reached: true,
    tls: 'verified',
    identity: { kind: 'cluster-rights', name: null },
    support: { state: 'not-told', tested: ['1.40'] },
    rights: [],
    unknown: [],
    ask: null,
    ...more,
  }
}

export async function* testingFixture(): AsyncGenerator<TestingEvent> {
  yield { type: 'asking', sources: reports.map(({ source, instance }) => ({ source, instance })) }
  for (const report of reports) {
    await new Promise((resolve) => setTimeout(resolve, 150))
    yield { type: 'answered', report }
  }
  yield { type: 'done', tookMs: 2100 }
}

export const roleFixture: RoleText = {
  kind: 'kubernetes',
  language: 'yaml',
  text: 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: everyhop-viewer-missing\nrules:\n  - apiGroups: [networking.k8s.io]\n    resources: [networkpolicies]\n    verbs: [get, list, watch]\n',
  page: 'docs/rights/kubernetes.md',
}
