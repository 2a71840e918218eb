import { createHash, X509Certificate } from 'node:crypto'
import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { permittedText } from '../../../shared/domain/model/credential-program.ts'
import type { KubernetesSource } from '../../../shared/domain/model/environment.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { ConnectorPorts, ObserveSettings } from '../../core/ports.ts'
import { codeOf, KubernetesFailure, plain } from './failure.ts'

/** What is needed to talk to one cluster as one user: the part of a kubeconfig that its context chooses. */
export interface Kubeconfig {
  /** For words: where it was read. */
  readonly place: string
  readonly cluster: KubeCluster
  readonly user: KubeUser
  /** Files whose change means that this has to be read again. */
  readonly files: readonly string[]
  /** End of the client certificate, when there is one and it can be read. */
  readonly certificateNotAfter: EpochMs | null
}

/** In the names that `@kubernetes/client-node` takes. */
export interface KubeCluster {
  readonly name: string
  readonly server: string
  readonly skipTLSVerify: false
  readonly caData?: string
  readonly caFile?: string
  readonly tlsServerName?: string
  readonly proxyUrl?: string
}

export interface KubeUser {
  readonly name: string
  readonly certData?: string
  readonly certFile?: string
  readonly keyData?: string
  readonly keyFile?: string
  readonly token?: string
  readonly username?: string
  readonly password?: string
  readonly impersonateUser?: string
  /** With the file that names it, which a relative command is relative to. */
  readonly exec?: { readonly config: unknown; readonly file: string }
  readonly authProvider?: unknown
}

const text = z.string().max(100_000)
/** `kubectl config view` fields of client.authentication and v1 Config (kubernetes.io/docs/reference/config-api/kubeconfig.v1). */
const kubeconfigFile = z.object({
  'current-context': text.nullish(),
  contexts: z
    .array(z.object({ name: text, context: z.object({ cluster: text, user: text.nullish() }) }))
    .nullish()
    .transform((list) => list ?? []),
  clusters: z
    .array(
      z.object({
        name: text,
        cluster: z.object({
          server: z.url({ protocol: /^https?$/ }),
          'certificate-authority': text.nullish(),
          'certificate-authority-data': text.nullish(),
          'insecure-skip-tls-verify': z.boolean().nullish(),
          'tls-server-name': text.nullish(),
          'proxy-url': text.nullish(),
        }),
      }),
    )
    .nullish()
    .transform((list) => list ?? []),
  users: z
    .array(
      z.object({
        name: text,
        user: z
          .object({
            'client-certificate': text.nullish(),
            'client-certificate-data': text.nullish(),
            'client-key': text.nullish(),
            'client-key-data': text.nullish(),
            token: text.nullish(),
            tokenFile: text.nullish(),
            username: text.nullish(),
            password: text.nullish(),
            as: text.nullish(),
            'as-groups': z.array(text).nullish(),
            exec: z
              .looseObject({
                command: text,
                args: z.array(text).nullish(),
                env: z.array(z.looseObject({ name: text, value: text.nullish() })).nullish(),
              })
              .nullish(),
            'auth-provider': z
              .looseObject({ name: text, config: z.record(z.string(), z.unknown()).nullish() })
              .nullish(),
          })
          .nullish(),
      }),
    )
    .nullish()
    .transform((list) => list ?? []),
})
type KubeconfigFile = z.output<typeof kubeconfigFile>
type FileCluster = KubeconfigFile['clusters'][number]['cluster']
type FileUser = NonNullable<KubeconfigFile['users'][number]['user']>

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The variables of the environment that say where a kubeconfig or the own cluster is. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>

/** The files that are looked at for a source, in the order in which they count. Empty: the pod's service account. */
export function kubeconfigPaths(
  source: KubernetesSource,
  baseDirectory: string,
  variables: EnvironmentVariables,
): readonly string[] {
  if (source.inCluster === true) return []
  if (source.kubeconfig !== undefined) return [resolve(baseDirectory, source.kubeconfig)]
  const named = (variables['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  return named.length > 0 ? named : [join(homedir(), '.kube', 'config')]
}

/**
 * Reads what a source's context chooses. Rejects with `KubernetesFailure`: not-configured (no file, no such context),
 * forbidden (a file that may not be read, a credential program that nobody allowed), unsupported, invalid (the file's content).
 */
export async function readKubeconfig(
  source: KubernetesSource,
  settings: Pick<ObserveSettings, 'baseDirectory'>,
  ports: Pick<ConnectorPorts, 'files'>,
  variables: EnvironmentVariables,
): Promise<Kubeconfig> {
  if (source.inCluster === true) return ofOwnPod(variables)
  const paths = kubeconfigPaths(source, settings.baseDirectory, variables)
  const found: { readonly path: string; readonly file: KubeconfigFile }[] = []
  for (const path of paths) found.push({ path, file: await readFile(path, ports) })
  const place = paths.join(delimiter)
  const name = source.context ?? found.map(({ file }) => file['current-context']).find((context) => context)
  if (!name) throw new KubernetesFailure('not-configured', `${place}: no current-context, and the source names none`)
  // As kubectl merges files: the first that has a name decides about it.
  const context = found.flatMap(({ file }) => file.contexts).find((one) => one.name === name)?.context
  if (context === undefined) throw new KubernetesFailure('not-configured', `${place}: there is no context ${name}`)
  const cluster = found
    .flatMap(({ path, file }) => file.clusters.map((one) => ({ path, ...one })))
    .find((one) => one.name === context.cluster)
  if (cluster === undefined) {
    throw new KubernetesFailure('not-configured', `${place}: there is no cluster ${context.cluster}`)
  }
  const user = found
    .flatMap(({ path, file }) => file.users.map((one) => ({ path, ...one })))
    .find((one) => one.name === context.user)
  if (user === undefined && context.user) {
    throw new KubernetesFailure('not-configured', `${place}: there is no user ${context.user}`)
  }
  const kubeCluster = clusterOf(cluster.name, cluster.cluster, dirname(cluster.path))
  const kubeUser = user === undefined ? { name: '' } : userOf(user.name, user.user ?? {}, user.path, source)
  return {
    place,
    cluster: kubeCluster,
    user: kubeUser,
    files: [...paths, kubeCluster.caFile, kubeUser.certFile, kubeUser.keyFile].filter((path) => path !== undefined),
    certificateNotAfter: await certificateEnd(kubeUser, ports),
  }
}

async function readFile(path: string, ports: Pick<ConnectorPorts, 'files'>): Promise<KubeconfigFile> {
  let content: string
  try {
    content = await ports.files.readText(path)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'not-found' || code === 'ENOENT') {
      throw new KubernetesFailure('not-configured', `${path}: there is no such kubeconfig`)
    }
    const words = error instanceof Error ? error.message : String(error)
    throw new KubernetesFailure(
      code === 'forbidden' || code === 'EACCES' ? 'forbidden' : 'invalid',
      `${path}: ${words}`,
    )
  }
  let value: unknown
  try {
    value = parseYaml(content)
  } catch (error) {
    // Only the place: the parser's words quote the line, and a line of a kubeconfig may be a credential.
    const line = /line (\d+)/.exec(String(error))?.[1]
    throw new KubernetesFailure('invalid', `${path}: the kubeconfig is not YAML${line ? ` (line ${line})` : ''}`)
  }
  const parsed = kubeconfigFile.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new KubernetesFailure(
    'invalid',
    `${path}: the kubeconfig is not understood at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? ''}`,
  )
}

function clusterOf(name: string, cluster: FileCluster, folder: string): KubeCluster {
  if (!cluster.server.startsWith('https:')) {
    throw new KubernetesFailure(
      'unsupported',
      `cluster ${name}: the server is ${originOf(cluster.server)}; Everyhop sends credentials over https only`,
    )
  }
  if (cluster['insecure-skip-tls-verify'] === true) {
    throw new KubernetesFailure(
      'unsupported',
      `cluster ${name} says insecure-skip-tls-verify: what an API server says counts only when it is verified; name its CA in certificate-authority instead`,
    )
  }
  return {
    name,
    server: cluster.server,
    skipTLSVerify: false,
    ...set('caData', cluster['certificate-authority-data']),
    ...set('caFile', absolute(cluster['certificate-authority'], folder)),
    ...set('tlsServerName', cluster['tls-server-name']),
    ...set('proxyUrl', cluster['proxy-url']),
  }
}

function userOf(name: string, user: FileUser, path: string, source: KubernetesSource): KubeUser {
  const folder = dirname(path)
  const file = resolve(path)
  if (user.exec) mustBeAllowed(user.exec, name, file, source)
  const provider = user['auth-provider']
  // client-node runs what stands in `exec` of any provider.
  if (provider && (provider.name !== 'oidc' || provider.config?.['exec'] !== undefined)) {
    throw oldProvider(provider.name, name, path)
  }
  if (user['as-groups'] && user['as-groups'].length > 0) {
    throw new KubernetesFailure('unsupported', `user ${name} of ${path}: as-groups is not supported`)
  }
  const tokenFile = absolute(user.tokenFile, folder)
  return {
    name,
    ...set('certData', user['client-certificate-data']),
    ...set('certFile', absolute(user['client-certificate'], folder)),
    ...set('keyData', user['client-key-data']),
    ...set('keyFile', absolute(user['client-key'], folder)),
    ...set('token', user.token?.trim()),
    ...set('username', user.username),
    ...set('password', user.password),
    ...set('impersonateUser', user.as),
    ...set('exec', user.exec ? { config: user.exec, file } : null),
    // client-node re-reads such a file every minute, as kubectl does.
    ...set(
      'authProvider',
      tokenFile !== undefined && !user.token ? { name: 'tokenFile', config: { tokenFile } } : provider,
    ),
  }
}

/** Whoever can write a kubeconfig could have any program run: it runs while it is the one that an operator saw. */
function mustBeAllowed(
  exec: NonNullable<FileUser['exec']>,
  name: string,
  file: string,
  { allowExec }: KubernetesSource,
): void {
  const mark = `sha256:${createHash('sha256').update(permittedText(exec, file)).digest('hex')}`
  if (allowExec === mark) return
  const why =
    typeof allowExec === 'string'
      ? 'which is not the program, or not with the arguments, that was allowed'
      : allowExec === true
        ? 'which was allowed by a version that did not keep what it allowed'
        : 'which nobody allowed yet'
  throw new KubernetesFailure(
    'forbidden',
    `user ${name} of ${file} gets its credentials by running ${plain(exec.command, 100)}, ${why}. Nothing ran. Look at it and allow it in Connections, or with: everyhop env allow`,
  )
}

const successors: Readonly<Record<string, string>> = { gcp: 'gke-gcloud-auth-plugin', azure: 'kubelogin' }

/** kubectl has had none of them since 1.26; client-node runs their programs without a limit, and everything waits meanwhile. */
function oldProvider(provider: string, name: string, path: string): KubernetesFailure {
  const successor = successors[provider]
  return new KubernetesFailure(
    'unsupported',
    `user ${name} of ${path} has an auth-provider of the old kind ${plain(provider, 50)}, which kubectl does not have any more either. Replace it by an exec plugin${successor === undefined ? '' : ` (${successor})`}`,
  )
}

function ofOwnPod(variables: EnvironmentVariables): Kubeconfig {
  const host = variables['KUBERNETES_SERVICE_HOST']
  const port = variables['KUBERNETES_SERVICE_PORT'] ?? '443'
  if (!host) {
    throw new KubernetesFailure(
      'not-configured',
      'inCluster: Everyhop does not run in a pod (no KUBERNETES_SERVICE_HOST)',
    )
  }
  const tokenFile = `${serviceAccountFolder}/token`
  return {
    place: 'the service account of the pod',
    cluster: {
      name: 'own',
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      skipTLSVerify: false,
      caFile: `${serviceAccountFolder}/ca.crt`,
    },
    user: { name: 'own', authProvider: { name: 'tokenFile', config: { tokenFile } } },
    files: [],
    certificateNotAfter: null,
  }
}

async function certificateEnd(user: KubeUser, ports: Pick<ConnectorPorts, 'files'>): Promise<EpochMs | null> {
  try {
    if (user.certFile !== undefined) return notAfter(await ports.files.readText(user.certFile))
    if (user.certData !== undefined) return notAfter(Buffer.from(user.certData, 'base64').toString())
  } catch {
    // A certificate that cannot be read is said by whoever uses it.
  }
  return null
}

function notAfter(pem: string): EpochMs {
  return Date.parse(new X509Certificate(pem).validTo)
}

function absolute(path: string | null | undefined, folder: string): string | undefined {
  if (!path) return undefined
  return isAbsolute(path) ? path : join(folder, path)
}

function set<Key extends string, Value>(
  key: Key,
  value: Value | null | undefined | '',
): { readonly [Name in Key]?: Exclude<Value, null | undefined> } {
  return (value === undefined || value === null || value === '' ? {} : { [key]: value }) as {
    readonly [Name in Key]?: Exclude<Value, null | undefined>
  }
}

function originOf(server: string): string {
  return new URL(server).origin
}
