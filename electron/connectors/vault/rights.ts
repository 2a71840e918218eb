import { authRoleFolders, engineRoleFolders } from './calls.ts'
import type { WireMounts } from './wire.ts'

/** One right that Everyhop uses: a path of Vault's API, the capability, and what is unknown without it. */
export interface NeededRight {
  readonly path: string
  readonly capability: 'read' | 'list' | 'update'
  readonly what: string
}

/** As docs/rights/vault.hcl gives them, for the mounts that this Vault has. */
export function neededRights(
  methods: WireMounts | null,
  engines: WireMounts | null,
  listLeasesOf: readonly string[],
): readonly NeededRight[] {
  return [
    { path: 'auth/token/lookup-self', capability: 'read', what: 'token' },
    { path: 'sys/mounts', capability: 'read', what: 'mounts' },
    { path: 'sys/auth', capability: 'read', what: 'auth-methods' },
    ...foldersOf(methods, authRoleFolders, 'auth/').flatMap(roleRights),
    ...foldersOf(engines, engineRoleFolders, '').flatMap(roleRights),
    { path: 'sys/policies/acl', capability: 'list', what: 'policies' },
    { path: 'sys/policies/acl/everyhop', capability: 'read', what: 'policy-text' },
    { path: 'identity/entity/id/x', capability: 'read', what: 'entities' },
    { path: 'sys/leases/lookup', capability: 'update', what: 'lease-lookup' },
    ...listLeasesOf.map((mount): NeededRight => {
      const path = `sys/leases/lookup/${mount.replace(/\/+$/, '')}/`
      return { path, capability: 'list', what: 'lease-list' }
    }),
  ]
}

function roleRights(folder: string): readonly NeededRight[] {
  return [
    { path: folder, capability: 'list', what: 'roles' },
    { path: `${folder}/x`, capability: 'read', what: 'roles' },
  ]
}

function foldersOf(
  mounts: WireMounts | null,
  folders: Readonly<Record<string, string>>,
  before: string,
): readonly string[] {
  return Object.entries(mounts ?? {}).flatMap(([path, { type }]) => {
    const folder = Object.hasOwn(folders, type) ? folders[type] : undefined
    return folder === undefined ? [] : [`${before}${path}${folder}`]
  })
}

/** `capabilities` of a path as Vault answers them: root stands for all. */
export function isHeld({ capability }: NeededRight, capabilities: readonly string[] | undefined): boolean {
  return capabilities !== undefined && (capabilities.includes(capability) || capabilities.includes('root'))
}
