import { z } from 'zod'
import { programMark } from './credential-program.ts'

const sourceId = z.string().regex(/^[a-zA-Z0-9._-]{1,100}$/)
const path = z.string().min(1).max(4096)
/** Name of a secret that Everyhop keeps: in the operating system's keyring, or under a passphrase. Never the secret itself. */
const secretName = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,99}$/)

/** Paths of an X509-SVID in files; re-read when they change. Relative paths are relative to environment.yaml. */
const fileIdentity = z.strictObject({
  certificate: path,
  key: path,
  bundle: path,
  /** Shown, with expiry, before the SVID runs out. */
  mintCommand: z.string().max(2000).optional(),
})

/** The X509-SVID that the Workload API of this machine gives to Everyhop, renewed by the SPIRE agent. */
const workloadApiIdentity = z.strictObject({
  /** The agent's socket: a path, or as in SPIFFE_ENDPOINT_SOCKET. Relative paths are relative to environment.yaml. */
  workloadApi: path,
  /** One of several; the first otherwise, which is the default by the standard. */
  spiffeId: z
    .string()
    .regex(/^spiffe:\/\/[^\s]{1,2000}$/)
    .optional(),
})
const ownIdentity = z.union([fileIdentity, workloadApiIdentity])

/** The ways to a SPIRE server: TCP with a read-only SVID, directly or through a cluster, or its local socket. */
const spireSource = z.union([
  z.strictObject({
    id: sourceId,
    address: z.string().regex(/^[^\s/]+:\d{1,5}$/),
    trustDomain: z.string().min(1).max(255),
    identity: ownIdentity,
  }),
  z.strictObject({ id: sourceId, socket: path, trustDomain: z.string().min(1).max(255) }),
  z.strictObject({
    id: sourceId,
    /** Id of a source of `kubernetes`: the server is the one that is found there, reached by port-forward. */
    cluster: sourceId,
    trustDomain: z.string().min(1).max(255),
    identity: ownIdentity,
  }),
])

const envoySource = z.strictObject({
  id: sourceId,
  admin: z.url({ protocol: /^http$/ }),
})

const opaSource = z.strictObject({
  id: sourceId,
  api: z.url({ protocol: /^https?$/ }),
  /** File that holds a bearer token for OPA's API. */
  tokenFile: path.optional(),
  /** CA for an https API; the system's CAs otherwise. */
  caFile: path.optional(),
})

const logSource = z.strictObject({
  id: sourceId,
  record: z.enum([
    'envoy-access',
    'opa-decisions',
    'integrity-events',
    'spire-audit',
    'kubernetes-audit',
    'vault-audit',
  ]),
  file: path,
  /** The source that writes the file: for envoy-access the Envoy, for opa-decisions the OPA (when the file is one OPA's), for vault-audit the Vault. */
  writtenBy: sourceId.optional(),
})

/** A cluster, by kubeconfig. Without `kubeconfig` and `inCluster`: KUBECONFIG, then .kube/config of the home folder. */
const kubernetesSource = z.strictObject({
  id: sourceId,
  kubeconfig: path.optional(),
  /** A context of the kubeconfig; its current context otherwise. */
  context: z.string().min(1).max(500).optional(),
  /** Everyhop runs in a pod: the pod's own service account is used. */
  inCluster: z.literal(true).optional(),
  /** Namespaces that may be read, for rights that are given by namespace; all of them otherwise. */
  namespaces: z
    .array(z.string().regex(/^[a-z0-9-]{1,63}$/))
    .min(1)
    .max(500)
    .optional(),
  /**
   * A kubeconfig may name a program that fetches credentials. It is run only while it is the one that an operator saw and allowed:
   * this is its mark. `true` is of earlier versions, which kept no mark: it is asked once more.
   */
  allowExec: z.union([z.string().regex(programMark), z.boolean()]).optional(),
})

/** How Everyhop signs in to Vault. Every token is forgotten when Everyhop ends, unless it is one that was given. */
const vaultSignIn = z.union([
  z.strictObject({ tokenFile: path }),
  z.strictObject({ tokenSecret: secretName }),
  /** A JWT-SVID of this machine's Workload API, or in a file, for the jwt auth method. */
  z.strictObject({
    jwt: z.strictObject({
      mount: z.string().min(1).max(200).default('jwt'),
      role: z.string().min(1).max(200),
      audience: z.string().min(1).max(500).default('vault'),
      from: z.union([z.strictObject({ workloadApi: path }), z.strictObject({ file: path })]),
    }),
  }),
  /** A service account's token: in a file, or asked for at the cluster (`serviceaccounts/token`). */
  z.strictObject({
    kubernetes: z.strictObject({
      mount: z.string().min(1).max(200).default('kubernetes'),
      role: z.string().min(1).max(200),
      audience: z.string().min(1).max(500).optional(),
      from: z.union([
        z.strictObject({ file: path }),
        z.strictObject({
          cluster: sourceId,
          namespace: z.string().min(1).max(63),
          serviceAccount: z.string().min(1).max(253),
        }),
      ]),
    }),
  }),
])

const vaultCommon = {
  id: sourceId,
  /** Vault Enterprise and HCP: the namespace that is read. */
  namespace: z.string().min(1).max(500).optional(),
  signIn: vaultSignIn,
  /** Mounts whose leases may be listed. LIST walks all leases of a prefix, which is dear on a big Vault: off until asked for. */
  listLeasesOf: z.array(z.string().min(1).max(300)).max(50).default([]),
  /** Look-ups of single leases a minute. */
  lookupsPerMinute: z.number().int().min(0).max(600).default(30),
}
const vaultSource = z.union([
  z.strictObject({ ...vaultCommon, address: z.url({ protocol: /^https?$/ }), caFile: path.optional() }),
  /**
   * Id of a source of `kubernetes`: the Vault that is found there, reached by port-forward. With `serverName` or `caFile` it is
   * asked over TLS inside of that; `serverName` is a name in its certificate, `vault` unless said.
   */
  z.strictObject({
    ...vaultCommon,
    cluster: sourceId,
    caFile: path.optional(),
    serverName: z
      .string()
      .regex(/^[a-zA-Z0-9.-]{1,253}$/)
      .optional(),
  }),
])

/** Where a bundle is published to. Without it Everyhop reads what OPAs have, and publishes nothing. */
const bundleStore = z.union([
  z.strictObject({ directory: path }),
  z.strictObject({
    /** Objects are below it; GET, and PUT to publish. */
    http: z.url({ protocol: /^https?$/ }),
    /** put: a plain PUT. webdav: PUT to another name, then MOVE. */
    method: z.enum(['put', 'webdav']).default('put'),
    tokenFile: path.optional(),
    tokenSecret: secretName.optional(),
    caFile: path.optional(),
  }),
])

/** Where a private key is: in PEM here, or in a Vault that signs with it and never gives it out. */
const signingKeys = [
  z.strictObject({ file: path }),
  z.strictObject({ variable: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/) }),
  z.strictObject({ secret: secretName }),
  z.strictObject({
    vault: sourceId,
    transitMount: z.string().max(200).default('transit'),
    keyName: z.string().min(1).max(200),
  }),
] as const

/** The organisation's key (ECDSA P-256) that evidence packs are signed with: docs/guides/evidence-keys.md. */
const evidenceKey = z.union([
  ...signingKeys,
  z.strictObject({
    /** Program and its arguments, run without a shell: 32 bytes of SHA-256 on standard input, the signature on standard output. */
    command: z.array(z.string().min(1).max(4096)).min(1).max(50),
    /** PEM of the public half. */
    publicKeyFile: path,
  }),
])

const policyBundle = z.strictObject({
  /** As OPA's configuration calls it. */
  name: z.string().min(1).max(300),
  store: bundleStore.optional(),
  /** The object that OPAs fetch, below the store: `bundles/hops.tar.gz`. */
  pointer: z.string().min(1).max(1024),
  /** Rule that decides, such as `pipeline/authz/result`; without it that of the Envoy plugin. */
  decision: z.string().min(1).max(500).optional(),
  /** Signs what is published. The key is read when it is needed, and kept nowhere. */
  signing: z
    .strictObject({
      algorithm: z.enum([
        'RS256',
        'RS384',
        'RS512',
        'PS256',
        'PS384',
        'PS512',
        'ES256',
        'ES384',
        'ES512',
        'HS256',
        'HS384',
        'HS512',
      ]),
      keyId: z.string().max(200).optional(),
      key: z.union(signingKeys),
    })
    .optional(),
  /** Public key (PEM file) that signatures are verified with. */
  verification: z.strictObject({ keyFile: path, keyId: z.string().max(200).optional() }).optional(),
})

/** A stream selector of LogQL: `{namespace="ai", container="envoy"}`. */
const streamSelector = z
  .string()
  .max(1000)
  .regex(/^\{[^{}\n]*\}$/)

const historySource = z.strictObject({
  id: sourceId,
  kind: z.literal('loki'),
  /** Without `/loki/api/v1`. */
  url: z.url({ protocol: /^https?$/ }),
  /** Sent as X-Scope-OrgID. */
  tenant: z
    .string()
    .regex(/^[\x21-\x7e]{1,150}$/)
    .optional(),
  /** Bearer token, or name and password of basic authentication; without it nobody signs in. */
  signIn: z
    .union([
      z.strictObject({ tokenFile: path }),
      z.strictObject({ tokenSecret: secretName }),
      z.strictObject({ user: z.string().min(1).max(200), passwordFile: path }),
      z.strictObject({ user: z.string().min(1).max(200), passwordSecret: secretName }),
    ])
    .optional(),
  /** CA of an https address; the system's CAs otherwise. */
  caFile: path.optional(),
  /** Which streams hold which records. A kind that is not named is not looked for. */
  select: z
    .strictObject({
      'opa-decisions': streamSelector.optional(),
      'envoy-access': streamSelector.optional(),
      'integrity-events': streamSelector.optional(),
      'spire-audit': streamSelector.optional(),
      'vault-audit': streamSelector.optional(),
    })
    .refine((select) => Object.values(select).some((selector) => selector !== undefined), {
      message: 'name at least one kind of record',
    }),
  /** How far back a record is looked for when nothing tells when it was written. Hours. */
  searchHours: z.number().min(0.1).max(720).default(24),
})

/** What Everyhop remembers of an environment is deleted when it is older, and the oldest of it where it takes more room. */
const historyKept = z.strictObject({
  days: wholeNumber('days', 1, 3650).default(30),
  /** Of 1,048,576 bytes. */
  megabytes: wholeNumber('megabytes', 64, 102_400).default(1024),
})

function wholeNumber(unit: string, least: number, most: number) {
  const error = `give a whole number of ${unit} from ${least} to ${most}`
  return z.number(error).int(error).min(least, error).max(most, error)
}

/** environment.yaml: how one person reaches systems. Personal; secrets by reference only. */
export const environmentSchema = z.strictObject({
  apiVersion: z.literal('everyhop.dev/v1'),
  kind: z.literal('Environment'),
  name: z.string().regex(/^[a-z0-9-]{1,63}$/),
  production: z.boolean().default(false),
  intent: path.optional(),
  /** Requests a second to admin endpoints, all sources together. */
  requestBudget: z.number().min(0.1).max(1000).default(10),
  /** How far back rates, denials and handshakes are counted, seconds. */
  windowSeconds: z.number().int().min(5).max(3600).default(60),
  /** An OPA bundle that was last fetched longer ago than this is stale, seconds. Default: five times its own longest poll, at least 300. */
  bundleStaleAfterSeconds: z.number().int().min(1).optional(),
  /** Bundles that may be published, and where to. */
  policy: z.strictObject({ bundles: z.array(policyBundle).max(200).default([]) }).optional(),
  /** How long is kept what is recorded of this environment: docs/guides/history.md. */
  keep: z.strictObject({ history: historyKept.optional() }).optional(),
  /** What signs evidence packs. Without it a key is named each time. */
  evidence: z.strictObject({ signing: evidenceKey.optional() }).optional(),
  sources: z.strictObject({
    kubernetes: z.array(kubernetesSource).max(20).default([]),
    spire: z.array(spireSource).max(20).default([]),
    envoy: z.array(envoySource).max(20_000).default([]),
    opa: z.array(opaSource).max(20_000).default([]),
    vault: z.array(vaultSource).max(20).default([]),
    logs: z.array(logSource).max(20_000).default([]),
  }),
  /** Where logs are kept elsewhere: records of a request are looked for there too. Read only. */
  history: z
    .array(historySource, 'give a list of log stores; how long history is kept is said by keep.history')
    .max(20)
    .optional(),
})

export type Environment = z.infer<typeof environmentSchema>
export type KubernetesSource = Environment['sources']['kubernetes'][number]
type AnySpireSource = Environment['sources']['spire'][number]
/** A SPIRE server by what reaches it directly: what the connector takes. */
export type SpireSource = Exclude<AnySpireSource, { cluster: string }>
/** A SPIRE server that is found in a cluster. */
export type ClusterSpireSource = Extract<AnySpireSource, { cluster: string }>
export type EnvoySource = Environment['sources']['envoy'][number]
export type OpaSource = Environment['sources']['opa'][number]
type AnyVaultSource = Environment['sources']['vault'][number]
/** A Vault by its address: what the connector takes. */
export type VaultSource = Exclude<AnyVaultSource, { cluster: string }>
/** A Vault that is found in a cluster. */
export type ClusterVaultSource = Extract<AnyVaultSource, { cluster: string }>
export type VaultSignIn = z.infer<typeof vaultSignIn>
export type PolicyBundle = z.infer<typeof policyBundle>
/** What signs evidence packs. */
export type EvidenceKey = z.infer<typeof evidenceKey>
export type LogSource = Environment['sources']['logs'][number]
/** How much of an environment is remembered, its defaults filled in. */
export type HistoryKept = z.infer<typeof historyKept>
export const usualHistoryKept: HistoryKept = historyKept.parse({})
export type HistorySource = NonNullable<Environment['history']>[number]
