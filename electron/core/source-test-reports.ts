import type { SourceTest, SourceTestReport, TestedIdentityKind, TestedTls } from '../../shared/contract/environments.ts'
import type { Environment, HistorySource, VaultSignIn } from '../../shared/domain/model/environment.ts'
import { vaultRightOf } from '../../shared/domain/model/vault-rights.ts'
import { receivedLogId } from './ports.ts'

type Step = SourceTest['steps'][number]

/** The versions that the conformance suites run against: a test compares them with what the lab starts. */
export const testedVersions = {
  kubernetes: ['1.36'],
  spire: ['1.15'],
  envoy: ['1.40'],
  opa: ['1.15'],
  vault: ['1.21'],
  loki: ['3.5'],
} as const

/** Steps that are about the way to the source or about why it is asked, not about what is read there. */
const aboutTheWay: ReadonlySet<string> = new Set([
  'connection',
  'kubeconfig',
  'discovery',
  'test',
  'tls',
  'identity',
  'sign-in',
  'lineage',
])
/** What a test calls these although nothing was asked. */
const notReached: ReadonlySet<string> = new Set(['unreachable', 'timed-out', 'not-configured', 'no-way'])

/** Everything that can be concluded from a test. Pure; what a test does not tell is unknown, never fine. */
export function reportOf(test: SourceTest, environment: Environment): SourceTestReport {
  const steps = test.steps.filter(({ what }) => what !== 'discovery')
  const reached = steps.some(({ what, outcome }) =>
    what === 'kubeconfig' || what === 'test' ? false : outcome === 'read' || !notReached.has(outcome),
  )
  const rights = rightsOf(test, steps)
  const identity = identityOf(test, environment)
  return {
    ...test,
    reached,
    tls: tlsOf(test, environment, reached),
    identity,
    support: supportOf(test, environment),
    rights,
    unknown: [...new Set(steps.filter(({ outcome }) => outcome !== 'read').map(({ what }) => what))],
    ask: askOf(test, environment, rights, identity.kind),
  }
}

function rightsOf({ source }: SourceTest, steps: readonly Step[]): SourceTestReport['rights'] {
  return steps
    .filter(({ what }) => !aboutTheWay.has(what))
    .map(({ what, locator, outcome }) => ({
      what,
      right: source === 'kubernetes' ? what : locator,
      state: outcome === 'read' ? 'held' : outcome === 'forbidden' ? 'missing' : 'unknown',
    }))
}

const brokenTls = /certificate|\bTLS\b|SSL|handshake|authority of the trust bundle/i

function tlsOf(test: SourceTest, environment: Environment, reached: boolean): TestedTls {
  const { sources } = environment
  const isInPod = /^(pod|log of container|spire-server in cluster) /.test(test.address)
  switch (test.source) {
    case 'kubernetes':
      return reached ? 'verified' : failedOrUnknown(test)
    case 'spire': {
      const source = sources.spire.find(({ id }) => id === test.instance)
      if (source !== undefined && 'socket' in source) return 'local'
      if (!reached || failedOrUnknown(test) === 'failed') return failedOrUnknown(test)
      return isInPod ? 'mutual-through-cluster' : 'mutual'
    }
    case 'envoy':
    case 'opa':
      if (isInPod) return reached ? 'through-cluster' : 'unknown'
      if (test.address.startsWith('https:')) return reached ? 'verified' : failedOrUnknown(test)
      return reached ? 'plaintext' : 'unknown'
    case 'vault': {
      const source = sources.vault.find(({ id }) => id === test.instance)
      if (!reached) return failedOrUnknown(test)
      if (source !== undefined && 'address' in source)
        return source.address.startsWith('https:') ? 'verified' : 'plaintext'
      return source?.caFile === undefined ? 'through-cluster' : 'verified'
    }
    case 'logs': {
      const history = environment.history?.find(({ id }) => id === test.instance)
      if (history === undefined) return isInPod ? (reached ? 'through-cluster' : 'unknown') : 'local'
      if (!reached) return failedOrUnknown(test)
      return history.url.startsWith('https:') ? 'verified' : 'plaintext'
    }
    default:
      return 'unknown'
  }
}

function failedOrUnknown({ steps }: SourceTest): TestedTls {
  const way = steps.find(({ what, outcome }) => outcome !== 'read' && (what === 'connection' || what === 'kubeconfig'))
  return way !== undefined && brokenTls.test(way.detail) ? 'failed' : 'unknown'
}

function identityOf(
  test: SourceTest,
  { sources, history }: Environment,
): { kind: TestedIdentityKind; name: string | null } {
  const isInPod = /^(pod|log of container) /.test(test.address)
  switch (test.source) {
    case 'kubernetes': {
      const source = sources.kubernetes.find(({ id }) => id === test.instance)
      if (source?.inCluster === true) return { kind: 'service-account', name: null }
      return { kind: 'kubeconfig-user', name: userIn(test) ?? source?.context ?? null }
    }
    case 'spire': {
      const source = sources.spire.find(({ id }) => id === test.instance)
      if (source === undefined) return { kind: 'missing', name: null }
      if ('socket' in source) return { kind: 'local-socket', name: source.socket }
      const { identity } = source
      return 'certificate' in identity
        ? { kind: 'svid-files', name: identity.certificate }
        : { kind: 'svid-workload-api', name: identity.workloadApi }
    }
    case 'opa': {
      const token = sources.opa.find(({ id }) => id === test.instance)?.tokenFile
      if (token !== undefined) return { kind: 'token', name: token }
      return { kind: isInPod ? 'cluster-rights' : 'nobody', name: null }
    }
    case 'vault': {
      const source = sources.vault.find(({ id }) => id === test.instance)
      return source === undefined ? { kind: 'missing', name: null } : signInIdentity(source.signIn)
    }
    case 'logs': {
      const elsewhere = history?.find(({ id }) => id === test.instance)
      if (test.instance === receivedLogId) return { kind: 'nobody', name: null }
      if (elsewhere === undefined) return { kind: isInPod ? 'cluster-rights' : 'file-permission', name: null }
      return historyIdentity(elsewhere.signIn)
    }
    default:
      return { kind: isInPod ? 'cluster-rights' : 'nobody', name: null }
  }
}

function historyIdentity(signIn: HistorySource['signIn']): { kind: TestedIdentityKind; name: string | null } {
  if (signIn === undefined) return { kind: 'nobody', name: null }
  if ('user' in signIn) return { kind: 'token', name: signIn.user }
  return { kind: 'token', name: 'tokenFile' in signIn ? signIn.tokenFile : signIn.tokenSecret }
}

function signInIdentity(signIn: VaultSignIn): { kind: TestedIdentityKind; name: string | null } {
  if ('tokenFile' in signIn) return { kind: 'token', name: signIn.tokenFile }
  if ('tokenSecret' in signIn) return { kind: 'token', name: signIn.tokenSecret }
  if ('jwt' in signIn) return { kind: 'jwt-svid', name: signIn.jwt.role }
  return { kind: 'kubernetes-token', name: signIn.kubernetes.role }
}

/** The API server names the user when it refuses something. */
function userIn({ steps }: SourceTest): string | null {
  for (const { detail } of steps) {
    const name = /\bUser "([^"]{1,500})"/.exec(detail)?.[1]
    if (name !== undefined) return name
  }
  return null
}

function supportOf({ source, version, instance }: SourceTest, { history }: Environment): SourceTestReport['support'] {
  const isElsewhere = history?.some(({ id }) => id === instance) === true
  // An intent is a file too, and is not tested as a source.
  if (source === 'intent' || (source === 'logs' && !isElsewhere)) return { state: 'no-version', tested: [] }
  const tested: readonly string[] = testedVersions[source === 'logs' ? 'loki' : source]
  if (version === null) return { state: 'not-told', tested }
  const line = /(\d+)\.(\d+)/.exec(version)
  const isTested = line !== null && tested.includes(`${line[1]}.${line[2]}`)
  return { state: isTested ? 'tested' : 'untested', tested }
}

function askOf(
  test: SourceTest,
  { sources }: Environment,
  rights: SourceTestReport['rights'],
  identity: TestedIdentityKind,
): SourceTestReport['ask'] {
  const missing = rights.filter(({ state }) => state === 'missing').map(({ right }) => right)
  if (test.source === 'kubernetes') {
    return missing.length === 0
      ? null
      : { kind: 'kubernetes', rights: [...new Set(missing)], user: userIn(test), trustDomain: null }
  }
  if (test.source === 'spire') {
    const refused = test.steps.some(({ what, outcome }) => what === 'connection' && outcome === 'forbidden')
    if (missing.length === 0 && !refused && identity !== 'missing') return null
    const trustDomain = sources.spire.find(({ id }) => id === test.instance)?.trustDomain ?? null
    return { kind: 'spire', rights: null, user: null, trustDomain }
  }
  if (test.source === 'vault' && missing.length > 0) {
    const rights = [...new Set(missing.filter((right) => vaultRightOf(right) !== null))]
    return { kind: 'vault', rights: rights.length === 0 ? null : rights, user: null, trustDomain: null }
  }
  // An Envoy or OPA in a pod that may not be forwarded to: the cluster's own report asks for that.
  return null
}
