/**
 * Who of the pipeline holds what of Vault. Each stage has a policy of its own that gives it one path; everything that it
 * holds hangs on the token of its login.
 */
export interface Credential {
  readonly stage: string
  /** With the slash at its end, as Vault spells it. */
  readonly mount: string
  /** Where it is asked for, by POST of `body`, or by GET where there is none. */
  readonly path: string
  readonly body: object | null
  readonly ttlSeconds: number
  /** Renewed where it can be; asked for anew before it ends where it cannot. */
  readonly renewable: boolean
}

export const accountNamespace = 'tools'

export const credentials: readonly Credential[] = [
  {
    stage: 'vector-store',
    mount: 'database/',
    path: 'database/creds/vector-store',
    body: null,
    ttlSeconds: 600,
    renewable: true,
  },
  {
    // The one whose holder calls the stage that the credential opens.
    stage: 'orchestrator',
    mount: 'database/',
    path: 'database/creds/search',
    body: null,
    ttlSeconds: 600,
    renewable: true,
  },
  {
    stage: 'tool-runtime',
    mount: 'kubernetes/',
    path: 'kubernetes/creds/tool-runtime',
    body: { kubernetes_namespace: accountNamespace },
    // The shortest that Kubernetes gives.
    ttlSeconds: 600,
    renewable: false,
  },
  {
    stage: 'model-server',
    mount: 'pki/',
    path: 'pki/issue/model-server',
    body: { common_name: 'model-server.ai.svc.cluster.local' },
    ttlSeconds: 1800,
    renewable: false,
  },
]

/** What intent.yaml says of it: the stage that a role of the database opens. */
export const openedStages = [{ mount: 'database', role: 'search', stage: 'vector-store' }] as const

export const databaseCredentials = credentials.filter(({ mount }) => mount === 'database/')

/** A role of the database that only faults use. */
export const reportingPath = 'database/creds/reporting'
export const reportingTtlSeconds = 8 * 60 * 60
/** A stage may not read this: no policy gives it. */
export const forbiddenPath = 'database/creds/reporting'

/** The audience that JWT-SVIDs and tokens of service accounts must be for. */
export const audience = 'vault'

export function credentialOf(stage: string): Credential {
  const found = credentials.find((candidate) => candidate.stage === stage)
  if (found === undefined) throw new Error(`${stage} holds nothing of Vault`)
  return found
}

export function stagePolicy({ path, body }: Credential): string {
  return `path "${path}" {\n  capabilities = ["${body === null ? 'read' : 'update'}"]\n}\n`
}

export function roleOf({ path }: Credential): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
