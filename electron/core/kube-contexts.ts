import { z } from 'zod'
import type {
  BrokenKubeconfig,
  ContextProblem,
  CredentialProgram,
  KubeContext,
  KubeContexts,
  KubeUserKind,
} from '../../shared/contract/environment-setup.ts'
import { textFingerprint } from '../../shared/lib/text-fingerprint.ts'
import type { Files } from './ports.ts'
import { parseYaml } from './yaml-file.ts'

/** Where contexts may be on this machine. */
export interface KubeMachine {
  /** The files of KUBECONFIG, else .kube/config of the home folder; absolute. */
  readonly files: readonly string[]
  /** Address of the API server for the pod that Everyhop runs in; null: it does not run in one. */
  readonly podServer: string | null
  absolute(path: string): string
}

const text = z.string().max(100_000)
const named = <Key extends string, Value extends z.ZodType>(key: Key, value: Value) =>
  z
    .array(z.object({ name: text }).and(z.object({ [key]: value } as Record<Key, Value>)))
    .nullish()
    .transform((list) => list ?? [])

const wireProgram = z.looseObject({
  command: text,
  args: z.array(text).nullish(),
  env: z.array(z.looseObject({ name: text })).nullish(),
})
const wireUser = z.object({
  'client-certificate': text.nullish(),
  'client-certificate-data': text.nullish(),
  token: text.nullish(),
  tokenFile: text.nullish(),
  username: text.nullish(),
  'as-groups': z.array(text).nullish(),
  exec: wireProgram.nullish(),
  'auth-provider': z.looseObject({ name: text, config: z.record(z.string(), z.unknown()).nullish() }).nullish(),
})
const wireCluster = z.object({ server: text, 'insecure-skip-tls-verify': z.boolean().nullish() })

/** The fields of a v1 Config that a choice is made by (kubernetes.io/docs/reference/config-api/kubeconfig.v1); others are passed over. */
const kubeconfig = z.object({
  'current-context': text.nullish(),
  contexts: named('context', z.object({ cluster: text, user: text.nullish() })),
  clusters: named('cluster', wireCluster),
  users: named('user', wireUser.nullish()),
})
type Kubeconfig = z.output<typeof kubeconfig>
type WireUser = z.infer<typeof wireUser>

interface ReadFile {
  readonly path: string
  readonly content: Kubeconfig
}

const kubeconfigBytes = 16 * 1024 * 1024

/** The contexts of this machine's kubeconfigs. Runs nothing, connects to nothing, and tells no credential. */
export async function listContexts(
  machine: KubeMachine,
  more: string | null,
  files: Pick<Files, 'readText'>,
): Promise<KubeContexts> {
  const paths = [...new Set([...(more === null ? [] : [machine.absolute(more)]), ...machine.files])]
  const broken: BrokenKubeconfig[] = []
  const lookedAt: { file: string; found: boolean }[] = []
  const read: ReadFile[] = []
  for (const path of paths) {
    const answer = await readKubeconfig(path, files)
    lookedAt.push({ file: path, found: answer !== null })
    if (answer === null) continue
    if (answer.ok) read.push({ path, content: answer.content })
    else broken.push(answer.broken)
  }
  const merged = read.filter(({ path }) => machine.files.includes(path))
  const contexts = read.flatMap((file) =>
    file.content.contexts.map(({ name, context }) => contextOf(name, context, file, merged)),
  )
  const own = machine.podServer === null ? [] : [podContext(machine.podServer)]
  return { contexts: [...own, ...contexts], broken, lookedAt }
}

type Answer =
  | { readonly ok: true; readonly content: Kubeconfig }
  | { readonly ok: false; readonly broken: BrokenKubeconfig }

/** null: there is no such file. */
async function readKubeconfig(path: string, files: Pick<Files, 'readText'>): Promise<Answer | null> {
  const failed = (message: string, line: number | null = null, column: number | null = null): Answer => ({
    ok: false,
    broken: { file: path, message, line, column },
  })
  let content: string
  try {
    content = await files.readText(path, kubeconfigBytes)
  } catch (reason) {
    const code = reason instanceof Error && 'code' in reason ? String(reason.code) : ''
    if (code === 'not-found') return null
    if (code === 'forbidden') return failed('the file may not be read: check its permissions')
    return failed(code === 'too-large' ? 'the file is too large' : 'the file is not readable text')
  }
  const parsed = parseYaml(content, kubeconfig)
  if (parsed.ok) return { ok: true, content: parsed.value }
  const { message, line, column } = parsed.problem
  // The words of the YAML parser may quote what stands there; the words of a schema begin with the field.
  const field = /^([\w.-]+: [^"“]{1,200})$/.exec(message)?.[1]
  return failed(field ?? 'the file is not a kubeconfig that can be read', line, column)
}

function contextOf(
  name: string,
  { cluster, user }: { readonly cluster: string; readonly user?: string | null | undefined },
  file: ReadFile,
  merged: readonly ReadFile[],
): KubeContext {
  const here = file.content
  const isWhole =
    here.clusters.some((one) => one.name === cluster) && (!user || here.users.some((one) => one.name === user))
  // As kubectl merges files: the first that has a name decides about it.
  const places = isWhole ? [file] : merged
  const foundCluster = places.flatMap(({ content }) => content.clusters).find((one) => one.name === cluster)?.cluster
  const foundUser = user ? places.flatMap(({ content }) => content.users).find((one) => one.name === user) : undefined
  const wire = foundUser?.user ?? {}
  const program = programOf(wire)
  const told = {
    choice: { kubeconfig: isWhole || merged.length < 2 ? file.path : null, context: name },
    name,
    current: here['current-context'] === name,
    server: foundCluster?.server ?? null,
    cluster,
    user: { name: user ?? '', kind: kindOf(wire) },
    program,
    problem: problemOf(cluster, foundCluster, user ?? '', foundUser === undefined, wire),
  }
  // The values of variables count too: whoever changes them changes what is run.
  return { ...told, fingerprint: textFingerprint(JSON.stringify([told, wire.exec ?? wire['auth-provider'] ?? null])) }
}

function problemOf(
  cluster: string,
  found: z.infer<typeof wireCluster> | undefined,
  user: string,
  isUserMissing: boolean,
  wire: WireUser,
): ContextProblem | null {
  if (found === undefined) return { code: 'no-cluster', name: cluster }
  if (user !== '' && isUserMissing) return { code: 'no-user', name: user }
  if (!found.server.startsWith('https://')) return { code: 'not-https', name: cluster }
  if (found['insecure-skip-tls-verify'] === true) return { code: 'tls-not-verified', name: cluster }
  if ((wire['as-groups']?.length ?? 0) > 0) return { code: 'as-groups', name: user }
  return null
}

function kindOf(user: WireUser): KubeUserKind {
  if (user.exec) return 'exec'
  if (user['auth-provider']) return 'auth-provider'
  if (user['client-certificate'] || user['client-certificate-data']) return 'client-certificate'
  if (user.token) return 'token'
  if (user.tokenFile) return 'token-file'
  return user.username ? 'basic' : 'none'
}

function programOf(user: WireUser): CredentialProgram | null {
  if (user.exec) {
    const { command, args, env } = user.exec
    return { command, arguments: args ?? [], variables: (env ?? []).map(({ name }) => name) }
  }
  const provider = user['auth-provider']
  if (!provider) return null
  const path = provider.config?.['cmd-path']
  const runs = path !== undefined || provider.config?.['exec'] !== undefined || runningProviders.has(provider.name)
  if (!runs) return null
  const words = provider.config?.['cmd-args']
  return {
    command: typeof path === 'string' ? path : provider.name,
    arguments: typeof words === 'string' ? words.split(/\s+/).filter((word) => word !== '') : [],
    variables: [],
  }
}

/** Old auth providers that run a program of their own. */
const runningProviders: ReadonlySet<string> = new Set(['exec', 'gcp', 'azure'])

function podContext(server: string): KubeContext {
  const told = {
    choice: { kubeconfig: null, context: null },
    name: 'in-cluster',
    current: false,
    server,
    cluster: 'own',
    user: { name: 'the service account of this pod', kind: 'service-account' as const },
    program: null,
    problem: null,
  }
  return { ...told, fingerprint: textFingerprint(JSON.stringify(told)) }
}
