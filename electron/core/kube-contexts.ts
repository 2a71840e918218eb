import { z } from 'zod'
import type {
  BrokenKubeconfig,
  ContextProblem,
  CredentialProgram,
  KubeContext,
  KubeContexts,
  KubeUserKind,
} from '../../shared/contract/environment-setup.ts'
import { type ExecProgram, permittedText } from '../../shared/domain/model/credential-program.ts'
import { textFingerprint } from '../../shared/lib/text-fingerprint.ts'
import type { Files } from './ports.ts'
import { parseYaml } from './yaml-file.ts'

/** Where contexts may be on this machine. */
export interface KubeMachine {
  /** The files of KUBECONFIG, else .kube/config of the home folder; absolute. */
  readonly files: readonly string[]
  /** Address of the API server for the pod that Everyhop runs in; null: it does not run in one. */
  readonly podServer: string | null
  /** `from`: what a relative path is relative to; the working folder otherwise. */
  absolute(path: string, from?: string): string
  /** SHA-256, hex. */
  digest(text: string): string
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
  env: z.array(z.looseObject({ name: text, value: text.nullish() })).nullish(),
})
const wireUser = z.object({
  'client-certificate': text.nullish(),
  'client-certificate-data': text.nullish(),
  token: text.nullish(),
  tokenFile: text.nullish(),
  username: text.nullish(),
  'as-groups': z.array(text).nullish(),
  exec: wireProgram.nullish(),
  'auth-provider': z.looseObject({ name: text, config: z.looseObject({ exec: z.unknown() }).nullish() }).nullish(),
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

export interface ReadFile {
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
  const { read, broken, lookedAt } = await readKubeconfigs(paths, files)
  const merged = read.filter(({ path }) => machine.files.includes(path))
  const contexts = read.flatMap((file) =>
    file.content.contexts.map(({ name, context }) => contextOf(name, context, file, merged, machine.digest)),
  )
  const own = machine.podServer === null ? [] : [podContext(machine.podServer)]
  return { contexts: [...own, ...contexts], broken, lookedAt }
}

/** Those that are there and can be read, and what is wrong with the others. */
export async function readKubeconfigs(
  paths: readonly string[],
  files: Pick<Files, 'readText'>,
): Promise<{ readonly read: readonly ReadFile[] } & Omit<KubeContexts, 'contexts'>> {
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
  return { read, broken, lookedAt }
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
  digest: KubeMachine['digest'],
): KubeContext {
  const here = file.content
  const isWhole =
    here.clusters.some((one) => one.name === cluster) && (!user || here.users.some((one) => one.name === user))
  const places = isWhole ? [file] : merged
  const foundCluster = places.flatMap(({ content }) => content.clusters).find((one) => one.name === cluster)?.cluster
  const foundUser = user ? userIn(places, user) : undefined
  const wire = foundUser?.user ?? {}
  const program = wire.exec ? programOf(wire.exec, foundUser?.path ?? file.path, digest) : null
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
  return { ...told, fingerprint: textFingerprint(JSON.stringify(told)) }
}

/** As kubectl merges files: the first that has a name decides about it. */
export function userIn(
  files: readonly ReadFile[],
  name: string,
): { readonly path: string; readonly user?: WireUser | null | undefined } | undefined {
  return files
    .flatMap(({ path, content }) => content.users.map((one) => ({ path, ...one })))
    .find((one) => one.name === name)
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
  const provider = wire['auth-provider']
  if (provider && (provider.name !== 'oidc' || provider.config?.exec !== undefined)) {
    return { code: 'old-provider', name: user }
  }
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

/** The program as it is shown, with the mark by which it is allowed. Values of variables count in the mark, and are not told. */
export function programOf(exec: ExecProgram, file: string, digest: KubeMachine['digest']): CredentialProgram {
  return {
    command: exec.command,
    arguments: exec.args ?? [],
    variables: (exec.env ?? []).map(({ name }) => name),
    mark: `sha256:${digest(permittedText(exec, file))}`,
  }
}

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
