import type { EnvironmentDraft, ProgramQuestion } from '../../../shared/contract/environment-setup.ts'
import { environmentSchema } from '../../../shared/domain/model/environment.ts'

export type SpireWay = 'none' | 'files' | 'workload-api' | 'socket'
export type VaultWay = 'none' | 'token-file' | 'token-secret' | 'jwt' | 'kubernetes'

/** What can be typed. The rest of the draft, which has no field, is kept as it is. */
export interface Form {
  readonly base: EnvironmentDraft
  readonly name: string
  readonly production: boolean
  /** Separated by commas or blanks; empty: all. */
  readonly namespaces: string
  readonly intent: string
  readonly spire: SpireFields
  readonly vault: VaultFields
}

export interface SpireFields {
  readonly way: SpireWay
  /** Empty: the server that is found in the cluster. */
  readonly address: string
  readonly trustDomain: string
  readonly certificate: string
  readonly key: string
  readonly bundle: string
  readonly socket: string
}

export interface VaultFields {
  readonly way: VaultWay
  /** Empty: the Vault that is found in the cluster. */
  readonly address: string
  readonly caFile: string
  readonly tokenFile: string
  readonly tokenSecret: string
  /** Vault Enterprise and HCP; empty: none. */
  readonly namespace: string
  /** Of a Vault in the cluster: a name in its certificate. */
  readonly serverName: string
  readonly role: string
  /** Of the auth method, and whom its tokens are for; empty: as usual. */
  readonly mount: string
  readonly audience: string
  /** Socket of the Workload API of this computer, unless the JWT-SVID is in a file. */
  readonly socket: string
  readonly jwtFile: string
  /** Path of its audit log; empty: it is in no file. */
  readonly auditLog: string
  readonly serviceAccountNamespace: string
  readonly serviceAccount: string
  /** Mounts whose leases are listed. */
  readonly listLeasesOf: readonly string[]
}

/** A sentence under a field, by its name in `fieldOfPath`. */
export type FormProblems = Readonly<Record<string, string>>

export function formOf(draft: EnvironmentDraft): Form {
  return {
    base: draft,
    name: draft.name,
    production: draft.production ?? false,
    namespaces: (draft.sources.kubernetes?.[0]?.namespaces ?? []).join(', '),
    intent: draft.intent ?? '',
    spire: spireOf(draft),
    vault: vaultOf(draft),
  }
}

/** The form with a program allowed: saved with everything else, and used by the next check. */
export function withProgram(form: Form, { source, program }: ProgramQuestion): Form {
  const { sources } = form.base
  const kubernetes = (sources.kubernetes ?? []).map((one) =>
    one.id === source ? { ...one, allowExec: program.mark } : one,
  )
  return { ...form, base: { ...form.base, sources: { ...sources, kubernetes } } }
}

/** Whether the form allows it already: what is observed follows with the next check. */
export function allowsProgram({ base }: Form, { source, program }: ProgramQuestion): boolean {
  return (base.sources.kubernetes ?? []).some(({ id, allowExec }) => id === source && allowExec === program.mark)
}

function spireOf({ sources }: EnvironmentDraft): SpireFields {
  const [source] = sources.spire ?? []
  const fields = {
    way: 'none',
    address: '',
    trustDomain: '',
    certificate: '',
    key: '',
    bundle: '',
    socket: '',
  } as const
  if (source === undefined) return fields
  const { trustDomain } = source
  if ('socket' in source) return { ...fields, way: 'socket', trustDomain, socket: source.socket }
  const address = 'address' in source ? source.address : ''
  const files: Readonly<Record<string, unknown>> = source.identity
  const of = (key: string): string => (typeof files[key] === 'string' ? files[key] : '')
  const socket = of('workloadApi')
  if (socket !== '') return { ...fields, way: 'workload-api', address, trustDomain, socket }
  return {
    ...fields,
    way: 'files',
    address,
    trustDomain,
    certificate: of('certificate'),
    key: of('key'),
    bundle: of('bundle'),
  }
}

function vaultOf({ sources }: EnvironmentDraft): VaultFields {
  const [source] = sources.vault ?? []
  const empty: VaultFields = {
    way: 'none',
    address: '',
    caFile: '',
    tokenFile: '',
    tokenSecret: '',
    namespace: '',
    serverName: '',
    role: '',
    mount: '',
    audience: '',
    socket: '',
    jwtFile: '',
    auditLog: '',
    serviceAccountNamespace: '',
    serviceAccount: '',
    listLeasesOf: [],
  }
  if (source === undefined) return empty
  const { signIn } = source
  const fields = {
    ...empty,
    address: 'address' in source ? source.address : '',
    caFile: source.caFile ?? '',
    namespace: source.namespace ?? '',
    serverName: 'cluster' in source ? (source.serverName ?? '') : '',
    auditLog: auditLogOf(sources, source.id)?.file ?? '',
    listLeasesOf: source.listLeasesOf ?? [],
  }
  if ('tokenFile' in signIn) return { ...fields, way: 'token-file', tokenFile: signIn.tokenFile }
  if ('tokenSecret' in signIn) return { ...fields, way: 'token-secret', tokenSecret: signIn.tokenSecret }
  if ('jwt' in signIn) {
    const { role, mount = '', audience = '', from } = signIn.jwt
    const place = 'workloadApi' in from ? { socket: from.workloadApi } : { jwtFile: from.file }
    return { ...fields, way: 'jwt', role, mount, audience, ...place }
  }
  const { role, mount = '', audience = '', from } = signIn.kubernetes
  const way = { ...fields, way: 'kubernetes', role, mount, audience } as const
  if ('file' in from) return { ...way, tokenFile: from.file }
  return {
    ...way,
    serviceAccountNamespace: from.namespace,
    serviceAccount: from.serviceAccount,
  }
}

/** The log that Vault writes about itself, in a file of this computer. */
function auditLogOf({ logs }: EnvironmentDraft['sources'], vault: string) {
  return (logs ?? []).find(({ id, record, writtenBy = id }) => record === 'vault-audit' && writtenBy === vault)
}

/** The draft that the form says, or what is wrong with it, by field. */
export function draftOf(form: Form): { readonly draft: EnvironmentDraft } | { readonly problems: FormProblems } {
  const content = contentOf(form)
  const parsed = environmentSchema.safeParse(content)
  if (parsed.success) return { draft: content as EnvironmentDraft }
  const problems: Record<string, string> = {}
  for (const issue of parsed.error.issues) {
    const field = fieldOfPath(issue.path)
    problems[field] ??= sentenceOf(field, form)
  }
  return { problems }
}

function contentOf({ base, name, production, namespaces, intent, spire, vault }: Form): unknown {
  const listed = namespaces.split(/[\s,]+/).filter((word) => word !== '')
  const { intent: _intent, production: _production, ...rest } = base
  const kubernetes = (base.sources.kubernetes ?? []).map((source, at) => {
    if (at > 0) return source
    const { namespaces: _before, ...other } = source
    return listed.length === 0 ? other : { ...other, namespaces: listed }
  })
  const cluster = kubernetes[0]?.id ?? 'cluster'
  const [oldSpire, ...moreSpire] = base.sources.spire ?? []
  const [oldVault, ...moreVault] = base.sources.vault ?? []
  const spires = spire.way === 'none' ? moreSpire : [spireSource(spire, oldSpire, cluster), ...moreSpire]
  const vaults = vault.way === 'none' ? moreVault : [vaultSource(vault, oldVault, cluster), ...moreVault]
  return {
    ...rest,
    name,
    ...(production ? { production } : {}),
    ...(intent === '' ? {} : { intent }),
    sources: {
      ...base.sources,
      ...(kubernetes.length === 0 ? {} : { kubernetes }),
      spire: spires,
      vault: vaults,
      ...logsWith(vault, oldVault?.id ?? 'vault', base.sources),
    },
  }
}

function spireSource(fields: SpireFields, old: { readonly id: string } | undefined, cluster: string): unknown {
  const { way, address, trustDomain, certificate, key, bundle, socket } = fields
  const id = old?.id ?? 'spire'
  if (way === 'socket') return { id, socket, trustDomain }
  // What has no field, such as the command that mints or the SPIFFE ID that is wanted, stays with the way it belongs to.
  const before = old !== undefined && 'identity' in old ? (old.identity as object) : {}
  const kept = 'workloadApi' in before === (way === 'workload-api') ? before : {}
  const identity = way === 'workload-api' ? { ...kept, workloadApi: socket } : { ...kept, certificate, key, bundle }
  return { id, ...(address === '' ? { cluster } : { address }), trustDomain, identity }
}

function vaultSource(fields: VaultFields, old: object | undefined, cluster: string): unknown {
  const { address, caFile, namespace, serverName, listLeasesOf } = fields
  const {
    address: _address,
    cluster: _cluster,
    caFile: _ca,
    listLeasesOf: _listed,
    signIn: _signIn,
    namespace: _namespace,
    serverName: _serverName,
    ...rest
  } = { id: 'vault', ...old } as Record<string, unknown>
  return {
    ...rest,
    ...(address === '' ? { cluster } : { address }),
    ...(caFile === '' ? {} : { caFile }),
    ...(namespace === '' ? {} : { namespace }),
    ...(serverName === '' || address !== '' ? {} : { serverName }),
    signIn: signInOf(fields, cluster),
    ...(listLeasesOf.length === 0 ? {} : { listLeasesOf }),
  }
}

/** The logs, with the audit log that the form says instead of the one before; without its Vault there is none. */
function logsWith({ way, auditLog }: VaultFields, vault: string, sources: EnvironmentDraft['sources']): object {
  const { logs } = sources
  const before = auditLogOf(sources, vault)
  if (way === 'none' || auditLog === '') {
    return logs === undefined ? {} : { logs: logs.filter((log) => log !== before) }
  }
  if (before !== undefined) return { logs: logs?.map((log) => (log === before ? { ...log, file: auditLog } : log)) }
  const taken = new Set(logs?.map(({ id }) => id))
  const id = ['vault-audit', `${vault}-audit`].find((one) => !taken.has(one)) ?? `vault-audit-${taken.size + 1}`
  return { logs: [...(logs ?? []), { id, record: 'vault-audit', file: auditLog, writtenBy: vault }] }
}

function signInOf(fields: VaultFields, cluster: string): unknown {
  const { way, tokenFile, tokenSecret, role, mount, audience, socket, jwtFile } = fields
  if (way === 'token-file') return { tokenFile }
  if (way === 'token-secret') return { tokenSecret }
  const common = { ...(mount === '' ? {} : { mount }), role, ...(audience === '' ? {} : { audience }) }
  if (way === 'jwt') return { jwt: { ...common, from: jwtFile === '' ? { workloadApi: socket } : { file: jwtFile } } }
  const { serviceAccount, serviceAccountNamespace: namespace } = fields
  return {
    kubernetes: { ...common, from: tokenFile === '' ? { cluster, namespace, serviceAccount } : { file: tokenFile } },
  }
}

/** The field that a path of environment.yaml stands in; `other` for what has none. */
export function fieldOfPath(path: readonly PropertyKey[]): string {
  const [first, second] = path.map(String)
  if (first === 'name' || first === 'intent') return first
  if (first !== 'sources') return 'other'
  if (second === 'kubernetes') return path.includes('namespaces') ? 'namespaces' : 'other'
  return second === 'spire' || second === 'vault' ? second : 'other'
}

function sentenceOf(field: string, { name, spire, vault }: Form): string {
  switch (field) {
    case 'name':
      return name === ''
        ? 'Give it a name.'
        : 'Small letters, digits and hyphens only, 63 at most: it is also the name of the file.'
    case 'namespaces':
      return 'Names of namespaces, separated by commas. Empty: all of them.'
    case 'spire':
      return spire.trustDomain === ''
        ? 'Say the trust domain, such as example.org.'
        : spire.way === 'files'
          ? 'Give all three files: certificate, key and trust bundle. An address is host:port.'
          : 'Give the path of the socket. An address is host:port.'
    case 'vault':
      return vault.way === 'token-file' || vault.way === 'token-secret'
        ? 'Say where the token is. An address begins with https:// or http://.'
        : 'Say the role, and where the token for signing in comes from. An address begins with https:// or http://.'
    default:
      return 'Something that has no field here is not valid. Correct the file in an editor.'
  }
}
