import { parseAllDocuments, stringify } from 'yaml'
import { z } from 'zod'
import type { RoleInput, RoleKind, RoleText } from '../../shared/contract/environment-setup.ts'
import { type VaultCapability, vaultRightOf } from '../../shared/domain/model/vault-rights.ts'
import { Failure } from './failure.ts'

/** The text of a shipped file of docs/rights; rejects when it is not there. */
export type ReadShippedRights = (file: string) => Promise<string>

const rule = z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) })
const manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  rules: z.array(rule).optional(),
})
type Manifest = z.infer<typeof manifest>

/** What to give to whoever may grant rights; of a cluster and of a Vault only what is missing. Throws `not-found` when nothing is shipped. */
export async function roleText(input: RoleInput, read: ReadShippedRights): Promise<RoleText> {
  switch (input.kind) {
    case 'kubernetes':
      return {
        kind: 'kubernetes',
        language: 'yaml',
        text: await clusterRole(input, read),
        page: 'docs/rights/kubernetes.md',
      }
    case 'spire':
      return { kind: 'spire', language: 'rego', text: await spireRule(input, read), page: 'docs/rights/spire.md' }
    default:
      return {
        kind: 'vault',
        language: 'hcl',
        text: input.rights === null ? await shipped('vault.hcl', 'vault', read) : vaultPolicy(input.rights),
        page: 'docs/rights/vault.md',
      }
  }
}

async function clusterRole({ rights, user }: RoleInput, read: ReadShippedRights): Promise<string> {
  const text = await shipped('kubernetes.yaml', 'kubernetes', read)
  if (rights === null && user === null) return text
  const documents = parseAllDocuments(text).map((document) => manifest.parse(document.toJS()))
  const wanted = rights === null ? null : new Set(rights)
  const name = wanted === null ? 'everyhop-viewer' : 'everyhop-viewer-missing'
  const asked = documents.map((one) => {
    const renamed = { ...one, metadata: { ...one.metadata, name } }
    return one.kind === 'ClusterRole' ? withRules(renamed, wanted) : bound(renamed, name, user)
  })
  return asked.map((one) => stringify(one, { lineWidth: 0, flowCollectionPadding: false })).join('---\n')
}

function withRules(role: Manifest, wanted: ReadonlySet<string> | null): Manifest {
  const rules = (role.rules ?? []).flatMap((one) => {
    const resources = wanted === null ? one.resources : one.resources.filter((resource) => wanted.has(resource))
    return resources.length === 0 ? [] : [{ ...one, resources }]
  })
  if (rules.length > 0) return { ...role, rules }
  throw new Failure('not-found', 'kubernetes', 'The shipped role has none of these rights.', 'Ask for the whole role.')
}

function bound(binding: Manifest, name: string, user: string | null): Manifest {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }
  if (user === null) return { ...binding, roleRef }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user)
  const subject =
    account === null
      ? { kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }
      : { kind: 'ServiceAccount', namespace: account[1], name: account[2] }
  return { ...binding, roleRef, subjects: [subject] }
}

/** The rule as docs/rights/spire.md explains it: there is one text of it. */
async function spireRule({ trustDomain }: RoleInput, read: ReadShippedRights): Promise<string> {
  const page = await shipped('spire.md', 'spire', read)
  const found = /```rego\n([\s\S]*?)```/.exec(page)?.[1]
  if (found === undefined) throw new Failure('internal', 'docs/rights/spire.md', 'The page has no rule any more.')
  const indent = /^ */.exec(found)?.[0].length ?? 0
  const lines = found.trimEnd().split('\n')
  const text = `${lines.map((line) => line.slice(indent)).join('\n')}\n`
  return trustDomain === null ? text : text.replaceAll('TRUST-DOMAIN', trustDomain)
}

/** Rules for these rights, of whatever mounts they are. */
function vaultPolicy(texts: readonly string[]): string {
  const rules = new Map<string, Set<VaultCapability>>()
  for (const text of texts) {
    const right = vaultRightOf(text)
    if (right === null) {
      const advice = 'Write capabilities and path, such as "list postgres/roles".'
      throw new Failure('invalid', text, 'This is not a right in a Vault.', advice)
    }
    const known = rules.get(right.path) ?? new Set()
    for (const capability of right.capabilities) known.add(capability)
    rules.set(right.path, known)
  }
  const isBlind = rules.has('sys/mounts') || rules.has('sys/auth')
  return [
    '# What Everyhop lacks in this Vault. Append it to the policy of the role that it signs in with, or write it as one beside that',
    '# and name both in the role:',
    '#   vault policy write everyhop-missing -',
    ...(isBlind ? ['# What is mounted cannot be read yet: check again once this is given.'] : []),
    ...[...rules].map(([path, capabilities]) => {
      const named = [...capabilities].map((capability) => `"${capability}"`).join(', ')
      return `path "${path}" {\n  capabilities = [${named}]\n}`
    }),
    '',
  ].join('\n')
}

async function shipped(file: string, kind: RoleKind, read: ReadShippedRights): Promise<string> {
  return read(file).catch(() => {
    throw new Failure('not-found', kind, `This Everyhop ships no ${file}.`, 'Look into docs/rights of its sources.')
  })
}
