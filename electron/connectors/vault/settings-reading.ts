import type { Fact } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { authRoleFolders, calls, engineRoleFolders, type VaultCall } from './calls.ts'
import type { VaultAnswer } from './client.ts'
import { type Problem, parse, problemOf, type Translated, VaultFailure } from './problem.ts'
import { translateAuthMethods, translateMounts, translatePolicy, translateRole } from './translate.ts'
import { keys, mounts as mountsSchema, policy as policySchema, role as roleSchema, type WireMounts } from './wire.ts'

/** Roles and policies that are read one by one, of each mount and in all. */
const mostRoles = 500
const mostPolicies = 500

export type Ask = (call: VaultCall) => Promise<VaultAnswer>

export interface Read<Value> {
  readonly value: Value
  readonly at: EpochMs
}

/** A folder of mounts: `sys/mounts` or `sys/auth`. */
export async function readMounts(call: VaultCall, ask: Ask): Promise<Read<WireMounts>> {
  const { value, at } = await ask(call)
  return { value: parse(mountsSchema, value, call.locator).data, at }
}

export function mountFacts(vault: string, read: Read<WireMounts>, listLeasesOf: readonly string[]): readonly Fact[] {
  const allowed = new Set(listLeasesOf.map(withSlash))
  return translateMounts({ vault, at: read.at }, read.value, (path) => allowed.has(path))
}

export function authMethodFacts(vault: string, read: Read<WireMounts>): readonly Fact[] {
  return translateAuthMethods({ vault, at: read.at }, read.value)
}

/** Roles of the methods and engines that are known; what could not be read of one does not hide the others. */
export async function readRoles(
  vault: string,
  methods: WireMounts | null,
  engines: WireMounts | null,
  ask: Ask,
): Promise<Translated> {
  const facts: Fact[] = []
  const problems: Problem[] = []
  let read = 0
  for (const folder of [...foldersOf(methods, true), ...foldersOf(engines, false)]) {
    try {
      const names = await namesIn(folder.list, ask)
      read += 1
      for (const name of names.slice(0, mostRoles)) {
        const call = folder.role(name)
        const { value, at } = await ask(call)
        facts.push(
          translateRole({ vault, at }, folder.mount, name, parse(roleSchema, value, call.locator).data, call.locator),
        )
      }
      if (names.length > mostRoles) problems.push(tooMany('roles', folder.list, names.length, mostRoles))
    } catch (error) {
      problems.push(problemOf('roles', failureOf(error)))
    }
  }
  const isBlind = methods === null && engines === null
  if (isBlind)
    problems.push({ what: 'roles', reason: 'unreachable', detail: 'neither mounts nor auth methods are known' })
  return { facts: isBlind || (read === 0 && problems.length > 0) ? null : facts, problems }
}

interface RoleFolder {
  /** As in facts: `auth/jwt/`, `database/`. */
  readonly mount: string
  readonly list: VaultCall
  role(name: string): VaultCall
}

function foldersOf(mounts: WireMounts | null, isAuth: boolean): readonly RoleFolder[] {
  const folders = isAuth ? authRoleFolders : engineRoleFolders
  return Object.entries(mounts ?? {}).flatMap(([path, { type }]) => {
    if (!Object.hasOwn(folders, type) || (!isAuth && isOwnMount(path))) return []
    return [
      {
        mount: isAuth ? `auth/${path}` : path,
        list: isAuth ? calls.authRoles(path, type) : calls.engineRoles(path, type),
        role: (name: string) => (isAuth ? calls.authRole(path, type, name) : calls.engineRole(path, type, name)),
      },
    ]
  })
}

/** Mounts that Vault itself keeps. */
function isOwnMount(path: string): boolean {
  return /^(sys|auth|identity|cubbyhole)\//.test(path)
}

/** Policies with their text; where only names may be listed, the names. */
export async function readPolicies(vault: string, ask: Ask): Promise<Translated> {
  const list = calls.policies()
  const listed = await ask(list)
  const names = namesOf(listed, list)
  const facts: Fact[] = []
  const problems: Problem[] = []
  for (const name of names.slice(0, mostPolicies)) {
    const read = await textOf(name)
    if (read instanceof VaultFailure) {
      const problem = problemOf('policy-text', read)
      if (!problems.some(({ reason }) => reason === problem.reason)) problems.push(problem)
    }
    const isRead = read !== null && !(read instanceof VaultFailure)
    facts.push(translatePolicy({ vault, at: isRead ? read.at : listed.at }, name, isRead ? read.value : null))
  }
  if (names.length > mostPolicies) problems.push(tooMany('policies', list, names.length, mostPolicies))
  return { facts, problems }

  /** null: the root policy has no text; it gives everything. */
  async function textOf(name: string): Promise<Read<string> | VaultFailure | null> {
    if (name === 'root') return null
    const call = calls.policy(name)
    try {
      const { value, at } = await ask(call)
      return { value: parse(policySchema, value, call.locator).data.policy, at }
    } catch (error) {
      return failureOf(error)
    }
  }
}

/** Names in a folder. One without entries does not exist. */
async function namesIn(call: VaultCall, ask: Ask): Promise<readonly string[]> {
  return namesOf(await ask(call), call)
}

function namesOf({ status, value }: VaultAnswer, call: VaultCall): readonly string[] {
  return status === 404 ? [] : parse(keys, value, call.locator).data.keys.filter((name) => !name.endsWith('/'))
}

function tooMany(what: string, { locator }: VaultCall, found: number, most: number): Problem {
  return { what, reason: 'unsupported', detail: `${locator}: ${found} are there, and ${most} of them are read` }
}

/** What stops a reading goes on; what is about one question only becomes a problem. Anything else is a defect of ours. */
function failureOf(error: unknown): VaultFailure {
  if (error instanceof VaultFailure && !error.stops) return error
  throw error
}

export function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}
