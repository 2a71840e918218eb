import type {
  ControlComponent,
  Hop,
  LeasesView,
  LeaseView,
  Slot,
  VaultDenialView,
  Workload,
} from '../../shared/domain/model/graph.ts'
import type { VaultListed, VaultSettings } from '../../shared/domain/model/vault-settings.ts'
import { judge, known, type Moment, minute, notKnown, reference } from './fixture-parts.ts'

const opened: Readonly<Record<string, string>> = { 'database/': 'vector-store' }

function lease(moment: Moment, holder: string, path: string, name: string, more: Partial<LeaseView> = {}): LeaseView {
  const { now } = moment
  const mount = `${path.split('/', 1)[0] ?? ''}/`
  return {
    vault: 'vault',
    leaseId: `${path}/${name}`,
    mount,
    path,
    role: path.split('/').at(-1) ?? '',
    state: 'active',
    doubt: null,
    issuedAt: now - 6 * minute,
    expiresAt: now + 4 * minute,
    lastRenewedAt: null,
    revokedAt: null,
    renewable: true,
    ttlSeconds: 600,
    isLong: false,
    learntFrom: 'lookup',
    holder: `jwt-spiffe://pipeline.example/ns/ai/sa/${holder}`,
    foundBy: 'spiffe-id',
    opens: opened[mount] ?? null,
    fact: reference(moment, 'vault', 'vault', 'PUT /v1/sys/leases/lookup'),
    stale: false,
    ...more,
  }
}

/** The same workload with what Vault tells of it. */
export function withLeases(moment: Moment, workload: Workload, troubled: boolean): Workload {
  const { name } = workload
  const { now } = moment
  const make = (path: string, id: string, more: Partial<LeaseView> = {}) => lease(moment, name, path, id, more)
  switch (name) {
    case 'orchestrator':
      return holding(moment, workload, [
        make('database/creds/ro', 'yQ2fX8hE1'),
        make('database/creds/rw', 'b0KwPqT77', {
          expiresAt: now + 21 * minute,
          ttlSeconds: 1800,
          lastRenewedAt: now - minute,
        }),
        make('pki/issue/stage', 'Zt31', { renewable: false, expiresAt: now + 50 * minute, ttlSeconds: 3600 }),
        make('database/creds/ro', 'old', { state: 'revoked', revokedAt: now - 12 * minute }),
      ])
    case 'model-server':
      return holding(
        moment,
        troubled
          ? {
              ...workload,
              state: judge('attention', 'lease-long', longParams(name), { restsOn: ['vault/vault#lease'] }),
            }
          : workload,
        troubled
          ? [
              make('kubernetes/creds/gen', 'YiXL6h8E', {
                renewable: false,
                expiresAt: now + 7 * 60 * minute,
                ttlSeconds: 8 * 3600,
                isLong: true,
              }),
            ]
          : [make('kubernetes/creds/gen', 'YiXL6h8E', { renewable: false })],
      )
    case 'tool-runtime':
      if (!troubled) return none(moment, workload)
      return holding(
        moment,
        workload,
        [
          make('database/creds/ro', 'k3', {
            state: 'unclear',
            doubt: 'expiry-unknown',
            expiresAt: null,
            ttlSeconds: null,
            learntFrom: 'audit',
            fact: reference(moment, 'logs', 'vault-audit', 'audit.log:1042'),
          }),
        ],
        [
          {
            vault: 'vault',
            path: 'database/creds/admin',
            operation: 'read',
            count: 3,
            lastAt: now - 4000,
            error: '1 error occurred:\n\t* permission denied\n\n',
            fact: reference(moment, 'logs', 'vault-audit', 'audit.log:1077'),
          },
        ],
      )
    case 'model-registry':
      return {
        ...workload,
        leases: notKnown('vault-audit-silent', { vault: 'vault', log: 'vault-audit', lastReadAt: now - 9 * minute }),
        slots: {
          ...workload.slots,
          vault: {
            kind: 'unknown',
            reason: { code: 'vault-audit-silent', params: { vault: 'vault', log: 'vault-audit', lastReadAt: null } },
            last: null,
          },
        },
      }
    case 'batch-eval':
    case 'llm-provider':
      return workload
    default:
      return none(moment, workload)
  }
}

/** The leases of the caller that open the callee. */
export function leasesBetween(hop: Hop, workloads: readonly Workload[]): Hop {
  const from = workloads.find(({ id }) => id === hop.from)
  const to = workloads.find(({ id }) => id === hop.to)
  const leases = from?.leases.known === true ? from.leases.value.leases : []
  return { ...hop, leases: leases.filter(({ opens, state }) => opens === to?.name && state !== 'revoked') }
}

export function vaultComponent(moment: Moment, troubled: boolean): ControlComponent {
  const gone = lease(moment, 'batch-2', 'database/creds/ro', 'w9', { foundBy: 'spiffe-id', opens: 'vector-store' })
  const foreign = lease(moment, '', 'pki/issue/stage', 'r0', { holder: 'root', foundBy: null, learntFrom: 'audit' })
  const health = reference(moment, 'vault', 'vault', 'GET /v1/sys/health')
  const orphaned = troubled ? 1 : 0
  return {
    id: 'control/vault/vault',
    kind: 'vault',
    name: 'vault',
    state: troubled
      ? judge('attention', 'vault-orphans', { vault: 'vault', orphaned, active: 7 }, { restsOn: [gone.fact.factId] })
      : judge('verified', 'vault-serving', { vault: 'vault' }, { restsOn: [health.factId] }),
    summary: { code: 'vault-summary', params: { active: troubled ? 7 : 5, orphaned } },
    vault: {
      version: known('1.21.4', health),
      sealed: known(false, health),
      audit: known(
        { log: 'vault-audit', since: moment.now - 90 * minute, refusedLines: troubled ? 2 : 0 },
        reference(moment, 'logs', 'vault-audit', 'audit.log'),
      ),
      settings: settingsOf(moment, troubled),
      active: troubled ? 7 : 5,
      orphaned: troubled
        ? [
            {
              lease: gone,
              kind: 'gone',
              why: {
                code: 'lease-holder-gone',
                params: { holder: 'spiffe://pipeline.example/ns/ai/sa/batch-2' },
              },
            },
            {
              lease: foreign,
              kind: 'unmatched',
              why: { code: 'lease-holder-foreign', params: { holder: 'root' } },
            },
          ]
        : [],
      orphanedTotal: troubled ? 2 : 0,
    },
  }
}

function holding(
  moment: Moment,
  workload: Workload,
  leases: readonly LeaseView[],
  denials: readonly VaultDenialView[] = [],
): Workload {
  const active = leases.filter(({ state }) => state === 'active')
  const unclear = leases.filter(({ state }) => state === 'unclear').length
  const ends = active.flatMap(({ expiresAt }) => expiresAt ?? [])
  const nearestExpiryAt = ends.length === 0 ? null : Math.min(...ends)
  const fact = { ...reference(moment, 'vault', 'vault', 'PUT /v1/sys/leases/lookup'), basis: 'derived' as const }
  const view: LeasesView = { active: active.length, unclear, nearestExpiryAt, leases, total: leases.length, denials }
  const isLong = leases.some((one) => one.isLong)
  const text = String(active.length + unclear)
  const vault: Slot =
    unclear > 0
      ? { kind: 'unknown', reason: { code: 'leases-doubtful', params: { unclear } }, last: text }
      : {
          kind: 'value',
          text,
          tone: isLong ? 'attention' : 'quiet',
          fact,
          reason: isLong
            ? {
                code: 'leases-long',
                params: { name: workload.name, path: leases[0]?.path ?? '', ttlSeconds: 28_800, limitSeconds: 3600 },
              }
            : { code: 'leases-held', params: { active: active.length, nearestExpiryAt } },
        }
  return { ...workload, leases: known(view, fact), slots: { ...workload.slots, vault } }
}

function longParams(name: string) {
  const given = { path: 'kubernetes/creds/gen', ttlSeconds: 28_800, limitSeconds: 3600 }
  return { name, vault: 'vault', ...given, affected: 1, instances: 1 }
}

function none({ now }: Moment, workload: Workload): Workload {
  const reason = {
    code: 'no-lease',
    params: { name: workload.name, vault: 'vault', since: now - 90 * minute },
  }
  return {
    ...workload,
    leases: { known: false, reason },
    slots: { ...workload.slots, vault: { kind: 'none', reason } },
  }
}

function settingsOf(moment: Moment, troubled: boolean): VaultSettings {
  const told = <Item>(locator: string, items: readonly Item[], more: number): VaultListed<Item> => ({
    items: items.map((item) => known(item, reference(moment, 'vault', 'vault', locator))),
    total: items.length + more,
    gap: null,
  })
  const role = (mount: string, name: string, ttlSeconds: number | null, policies: readonly string[] = []) => {
    const boundSubjects = policies.length === 0 ? [] : [`spiffe://pipeline.example/ns/ai/sa/${name}`]
    const boundSubjectsTotal = boundSubjects.length
    return { mount, name, ttlSeconds, maxTtlSeconds: 3600, policies, boundSubjects, boundSubjectsTotal }
  }
  const mount = (path: string, type: string, maxLeaseTtlSeconds: number, listAllowed = false) => {
    return { path, type, defaultLeaseTtlSeconds: 0, maxLeaseTtlSeconds, listAllowed }
  }
  const roles = told(
    'GET auth/jwt/role/…',
    [role('auth/jwt/', 'tool', null, ['tool', 'default']), role('database/', 'ro', 600)],
    0,
  )
  return {
    token: known(
      {
        displayName: 'jwt-spiffe://pipeline.example/console/reader',
        policies: ['everyhop'],
        expiresAt: moment.now + 14 * minute,
        renewable: true,
        capabilities: [
          { path: 'database/roles', capabilities: troubled ? ['deny'] : ['list'] },
          { path: 'sys/auth', capabilities: ['read'] },
          { path: 'sys/mounts', capabilities: ['read'] },
        ],
      },
      reference(moment, 'vault', 'vault', 'GET auth/token/lookup-self'),
    ),
    mounts: told('GET sys/mounts', [mount('database/', 'database', 0, true), mount('pki/', 'pki', 2_592_000)], 0),
    authMethods: told(
      'GET sys/auth',
      [
        { path: 'jwt/', type: 'jwt' },
        { path: 'token/', type: 'token' },
      ],
      0,
    ),
    roles: troubled
      ? {
          ...roles,
          gap: {
            code: 'not-readable',
            params: { source: 'Vault', instance: 'vault', what: 'roles', reason: 'forbidden' },
          },
        }
      : roles,
    policies: told(
      'GET sys/policies/acl/…',
      [
        {
          name: 'everyhop',
          rules: [
            { path: 'sys/mounts', capabilities: ['read'] },
            { path: 'auth/+/role', capabilities: ['list'] },
          ],
          rulesTotal: 17,
        },
        { name: 'root', rules: null, rulesTotal: 0 },
      ],
      troubled ? 31 : 0,
    ),
  }
}
