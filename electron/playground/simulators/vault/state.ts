import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { World } from '../../parts.ts'
import { spiffeIdOf, stageOf } from '../../pipeline/topology.ts'
import { readerIdOf } from '../spire/authorisation.ts'
import { audience, credentials, stagePolicy } from './credentials.ts'
import { createEngines, type EngineRole } from './engines.ts'
import { createLeases, type Leases } from './leases.ts'
import type { AccountRole, JwtRole, TokenReview } from './logins.ts'
import { createMounts, type Mount } from './mounts.ts'
import { defaultPolicy, type Rule, rulesIn } from './policies.ts'
import { createTokens, type Tokens } from './tokens.ts'

/** Name of the shipped policy, of the roles that give it, and of the service account that may have it. */
export const everyhop = 'everyhop'

export interface Entity {
  readonly id: string
  readonly name: string
  readonly alias: string
  readonly mount: Mount
  readonly createdAt: number
}

/** Everything that the playground's Vault knows. */
export interface VaultState {
  readonly world: Pick<World, 'authority' | 'clock' | 'log'>
  readonly mounts: Mount[]
  readonly policies: Map<string, string>
  readonly jwtRoles: Map<string, JwtRole>
  readonly accountRoles: ReadonlyMap<string, AccountRole>
  readonly engineRoles: readonly EngineRole[]
  readonly tokens: Tokens
  readonly leases: Leases
  readonly clusterId: string
  review: TokenReview
  isSealed: boolean
  isLimited: boolean
  /** The entity that knows the alias of a method; made when there is none. */
  entityOf(mount: Mount, alias: string): Entity
  entity(id: string): Entity | null
  /** With the name of the policy that each rule is of. */
  rulesOf(policies: readonly string[]): readonly (Rule & { readonly policy: string })[]
}

const tokenSeconds = 15 * 60

export async function createVaultState(world: VaultState['world']): Promise<VaultState> {
  const tokens = createTokens(world.clock)
  const entities = new Map<string, Entity>()
  const shipped = readFileSync(new URL('../../../../docs/rights/vault.hcl', import.meta.url), 'utf8')
  const policies = new Map([
    ['default', defaultPolicy],
    [everyhop, shipped],
    ...credentials.map((credential) => [credential.stage, stagePolicy(credential)] as const),
  ])
  const reader: JwtRole = {
    subject: readerIdOf(world.authority.trustDomain),
    audience,
    policies: [everyhop],
    noDefaultPolicy: true,
    ttlSeconds: tokenSeconds,
    period: 0,
  }
  return {
    world,
    mounts: [...createMounts()],
    policies,
    jwtRoles: new Map([
      [everyhop, reader],
      ...credentials.map(({ stage }) => [stage, roleFor(spiffeIdOf(stageOf(stage)), stage)] as const),
    ]),
    accountRoles: new Map([
      [everyhop, { namespace: everyhop, name: everyhop, audience, policies: [everyhop], ttlSeconds: tokenSeconds }],
    ]),
    engineRoles: await createEngines(world.clock),
    tokens,
    leases: createLeases(world.clock, tokens.isValid),
    clusterId: randomUUID(),
    review: () => null,
    isSealed: false,
    isLimited: false,
    entityOf(mount, alias) {
      const known = [...entities.values()].find((one) => one.mount === mount && one.alias === alias)
      if (known !== undefined) return known
      const id = randomUUID()
      const made = { id, name: `entity_${id.slice(0, 8)}`, alias, mount, createdAt: world.clock.now() }
      entities.set(id, made)
      return made
    },
    entity: (id) => entities.get(id) ?? null,
    rulesOf: (names) =>
      names.flatMap((policy) => rulesIn(policies.get(policy) ?? '').map((rule) => ({ ...rule, policy }))),
  }
}

/** A stage's token lives on while it is renewed, and everything that hangs on it with it. */
export function roleFor(subject: string, policy: string, period = tokenSeconds): JwtRole {
  return { subject, audience, policies: [policy], noDefaultPolicy: false, ttlSeconds: 0, period }
}
