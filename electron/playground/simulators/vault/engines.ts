import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../core/ports.ts'
import { trustDomain } from '../../pipeline/topology.ts'
import { createCertificateAuthority } from '../../world/certificates.ts'
import {
  accountNamespace,
  credentialOf,
  credentials,
  databaseCredentials,
  reportingTtlSeconds,
  roleOf,
} from './credentials.ts'
import { refused } from './refusal.ts'
import { randomLetters } from './tokens.ts'

/** What a role of an engine issues. */
export interface EngineRole {
  /** `database/` */
  readonly mount: string
  readonly name: string
  /** Where it is asked for, and how. */
  readonly path: string
  readonly operation: 'read' | 'update'
  readonly ttlSeconds: number
  readonly maxTtlSeconds: number
  readonly renewable: boolean
  /** `GET <mount>/roles/<name>` */
  readonly answer: Readonly<Record<string, unknown>>
  /** A new credential. Throws in Vault's words. */
  issue(body: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>
}

const dayMs = 24 * 60 * 60 * 1000
const accountsMaxSeconds = 3600

/** The engines of the playground, with a role for each credential that stages hold. */
export async function createEngines(clock: Pick<Clock, 'now'>): Promise<readonly EngineRole[]> {
  const authority = await createCertificateAuthority({
    name: `CN=${trustDomain}`,
    notBefore: clock.now() - 30_000,
    notAfter: clock.now() + 30 * dayMs,
  })
  return [
    ...databaseCredentials.map((credential) =>
      databaseRole(roleOf(credential), credential.ttlSeconds, accountsMaxSeconds),
    ),
    databaseRole('reporting', reportingTtlSeconds, reportingTtlSeconds),
    ...credentials.filter(({ mount }) => mount === 'kubernetes/').map(({ ttlSeconds }) => accountRole(ttlSeconds)),
    certificateRole(),
  ]

  function certificateRole(): EngineRole {
    const { path, ttlSeconds } = credentialOf('model-server')
    const domain = 'ai.svc.cluster.local'
    return {
      ...base('pki/', path, 'update', ttlSeconds, ttlSeconds),
      answer: {
        allow_any_name: false,
        allow_subdomains: true,
        allowed_domains: [domain],
        generate_lease: true,
        key_bits: 256,
        key_type: 'ec',
        max_ttl: ttlSeconds,
        ttl: ttlSeconds,
      },
      async issue({ common_name: name }) {
        if (typeof name !== 'string' || name === '') throw refused('the common_name field is required')
        if (!name.endsWith(`.${domain}`)) throw refused(`common name ${name} not allowed by this role`)
        const notAfter = clock.now() + ttlSeconds * 1000
        const leaf = await authority.issue({ dnsNames: [name], notBefore: clock.now() - 30_000, notAfter })
        return {
          ca_chain: [authority.certificate],
          certificate: leaf.certificate,
          expiration: Math.floor(notAfter / 1000),
          issuing_ca: authority.certificate,
          private_key: leaf.key,
          private_key_type: 'ec',
          serial_number: leaf.serial.replace(/(..)(?=.)/g, '$1:'),
        }
      },
    }
  }
}

/** An account with a password. There is no database: who would log in with it finds nobody. */
function databaseRole(name: string, ttlSeconds: number, maxTtlSeconds: number): EngineRole {
  return {
    ...base('database/', `database/creds/${name}`, 'read', ttlSeconds, maxTtlSeconds),
    renewable: true,
    answer: {
      creation_statements: [`CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`],
      credential_type: 'password',
      db_name: 'vectors',
      default_ttl: ttlSeconds,
      max_ttl: maxTtlSeconds,
      renew_statements: [],
      revocation_statements: [],
      rollback_statements: [],
    },
    issue: () =>
      Promise.resolve({
        password: randomBytes(15).toString('base64url'),
        username: `v-jwt-spif-${name.slice(0, 8)}-${randomLetters(20)}`,
      }),
  }
}

/** The name and a token of an account of the cluster. The account itself is not made. */
function accountRole(ttlSeconds: number): EngineRole {
  const name = 'tool-runtime'
  return {
    ...base('kubernetes/', `kubernetes/creds/${name}`, 'update', ttlSeconds, ttlSeconds),
    answer: {
      allowed_kubernetes_namespaces: [accountNamespace],
      generated_role_rules: '{"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["get"]}]}',
      kubernetes_role_type: 'Role',
      name,
      service_account_name: '',
      token_default_ttl: ttlSeconds,
      token_max_ttl: ttlSeconds,
    },
    issue({ kubernetes_namespace: namespace }) {
      if (namespace !== accountNamespace) {
        return Promise.reject(
          refused(`kubernetes_namespace '${String(namespace)}' is not present in role's allowed_kubernetes_namespaces`),
        )
      }
      return Promise.resolve({
        service_account_name: `v-jwt-spif-${name}-${Date.now()}-${randomLetters(20).toLowerCase()}`,
        service_account_namespace: accountNamespace,
        service_account_token: randomBytes(48).toString('base64url'),
      })
    },
  }
}

function base(
  mount: string,
  path: string,
  operation: EngineRole['operation'],
  ttlSeconds: number,
  maxTtlSeconds: number,
): Omit<EngineRole, 'answer' | 'issue'> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return { mount, name, path, operation, ttlSeconds, maxTtlSeconds, renewable: false }
}
