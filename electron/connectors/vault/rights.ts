import type { VaultRight } from '../../../shared/domain/model/vault-rights.ts'
import { authRoleFolders, engineRoleFolders } from './calls.ts'
import type { WireMounts } from './wire.ts'

/** One right that Everyhop uses, as a rule of a policy gives it, and what is unknown without it. */
export interface NeededRight extends VaultRight {
  readonly what: string
  /** A path that the rule is about, for asking whether the right is held. */
  readonly asked: string
}

/**
 * What Everyhop uses of this Vault. Where its mounts are not known, what docs/rights/vault.hcl takes them to be: a rule for an
 * engine that is not there gives nothing.
 */
export function neededRights(
  methods: WireMounts | null,
  engines: WireMounts | null,
  listLeasesOf: readonly string[],
): readonly NeededRight[] {
  return [
    right('token', 'read', 'auth/token/lookup-self'),
    right('capabilities', 'update', 'sys/capabilities-self'),
    right('mounts', 'read', 'sys/mounts'),
    right('auth-methods', 'read', 'sys/auth'),
    ...foldersOf(methods, authRoleFolders, 'auth/', usualMethods).flatMap(roleRights),
    ...foldersOf(engines, engineRoleFolders, '', usualEngines).flatMap(roleRights),
    right('policies', 'list', 'sys/policies/acl'),
    right('policy-text', 'read', 'sys/policies/acl/+'),
    right('entities', 'read', 'identity/entity/id/+'),
    right('lease-lookup', 'update', 'sys/leases/lookup'),
    ...listLeasesOf.map((mount): NeededRight => {
      const path = `sys/leases/lookup/${mount.replace(/\/+$/, '')}/`
      return { what: 'lease-list', path: `${path}*`, capabilities: ['list', 'sudo'], asked: path }
    }),
  ]
}

const usualMethods = ['auth/+/role', 'auth/token/roles']
const usualEngines = ['database/roles', 'kubernetes/roles', 'pki/roles']

function right(what: string, capability: 'read' | 'list' | 'update', path: string): NeededRight {
  return { what, path, capabilities: [capability], asked: path.replaceAll(/(?<=^|\/)\+(?=\/|$)/g, 'x') }
}

function roleRights(folder: string): readonly NeededRight[] {
  return [right('roles', 'list', folder), right('roles', 'read', `${folder}/+`)]
}

function foldersOf(
  mounts: WireMounts | null,
  folders: Readonly<Record<string, string>>,
  before: string,
  usual: readonly string[],
): readonly string[] {
  if (mounts === null) return usual
  return Object.entries(mounts).flatMap(([path, { type }]) => {
    const folder = Object.hasOwn(folders, type) ? folders[type] : undefined
    return folder === undefined ? [] : [`${before}${path}${folder}`]
  })
}

/** `held` of a path as Vault answers it: root stands for all. */
export function isHeld({ capabilities }: NeededRight, held: readonly string[] | undefined): boolean {
  return held !== undefined && (held.includes('root') || capabilities.every((one) => held.includes(one)))
}
