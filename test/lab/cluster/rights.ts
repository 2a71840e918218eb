import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import type { Rule } from '../../../electron/playground/simulators/kubernetes/access.ts'
import { waitFor } from '../processes.ts'
import type { KubernetesApi, Manifest } from './api.ts'

/** The rights that Everyhop ships for Kubernetes: the lab hands out exactly these. */
const shippedRightsFile = path.join(import.meta.dirname, '..', '..', '..', 'docs', 'rights', 'kubernetes.yaml')

const rule = z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) })

export type { Rule }

const roleWire = z.object({
  apiVersion: z.literal('rbac.authorization.k8s.io/v1'),
  kind: z.literal('ClusterRole'),
  metadata: z.object({ name: z.string() }),
  rules: z.array(rule),
})
const bindingWire = z.object({
  apiVersion: z.literal('rbac.authorization.k8s.io/v1'),
  kind: z.literal('ClusterRoleBinding'),
  metadata: z.object({ name: z.string() }),
  roleRef: z.object({ apiGroup: z.string(), kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ kind: z.literal('Group'), name: z.string(), apiGroup: z.string() })),
})

export interface ShippedRights {
  readonly role: z.infer<typeof roleWire>
  readonly binding: z.infer<typeof bindingWire>
  /** The group whose members may what the role says. */
  readonly group: string
}

export async function readShippedRights(): Promise<ShippedRights> {
  const documents = parseAllDocuments(await readFile(shippedRightsFile, 'utf8')).map((document) => document.toJS())
  const role = roleWire.parse(documents.find((document) => document.kind === 'ClusterRole'))
  const binding = bindingWire.parse(documents.find((document) => document.kind === 'ClusterRoleBinding'))
  const group = binding.subjects[0]?.name
  if (group === undefined) throw new Error(`${shippedRightsFile}: the binding names no group`)
  return { role, binding, group }
}

/**
 * The rules without some rights. A right is a resource with its subresource (`pods`, `pods/log`), and may have a verb
 * before it (`watch pods`). Throws for a right that the rules do not have, which would be a test that proves nothing.
 */
export function rulesWithout(rules: readonly Rule[], without: readonly string[]): readonly Rule[] {
  const wanted = without.map((right) => {
    const [first = '', second] = right.split(' ')
    const parsed = second === undefined ? { verb: null, resource: first } : { verb: first, resource: second }
    const known = rules.some(
      (candidate) =>
        candidate.resources.includes(parsed.resource) &&
        (parsed.verb === null || candidate.verbs.includes(parsed.verb)),
    )
    if (!known) throw new Error(`the shipped rights have no ${right} that could be taken away`)
    return parsed
  })
  return rules.flatMap((whole) =>
    whole.resources.flatMap((resource) => {
      const taken = wanted.filter((right) => right.resource === resource)
      if (taken.some((right) => right.verb === null)) return []
      const verbs = whole.verbs.filter((verb) => !taken.some((right) => right.verb === verb))
      return verbs.length === 0 ? [] : [{ apiGroups: whole.apiGroups, resources: [resource], verbs }]
    }),
  )
}

/** Makes the shipped role and binding; in force when it resolves. */
export async function grantShippedRights(api: KubernetesApi, shipped: ShippedRights): Promise<void> {
  await api.create(shipped.role)
  await api.create(shipped.binding)
  await waitForRights(api, { user: 'someone', groups: [shipped.group], rules: shipped.role.rules })
}

/** Makes a role with the rules for one group, all of one name. In force when it resolves. */
export async function grantRights(api: KubernetesApi, name: string, rules: readonly Rule[]): Promise<void> {
  const common = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name } }
  const role: Manifest = { ...common, kind: 'ClusterRole', rules }
  const binding: Manifest = {
    ...common,
    kind: 'ClusterRoleBinding',
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'Group', name, apiGroup: 'rbac.authorization.k8s.io' }],
  }
  await api.create(role)
  await api.create(binding)
  await waitForRights(api, { user: 'someone', groups: [name], rules })
}

const reviewWire = z.object({ status: z.object({ allowed: z.boolean() }) })

interface Granted {
  readonly user: string
  readonly groups: readonly string[]
  readonly rules: readonly Rule[]
}

/** The authoriser learns of roles by watching them, some milliseconds after they were made. */
async function waitForRights(api: KubernetesApi, granted: Granted): Promise<void> {
  const [first] = granted.rules
  if (first === undefined) return
  const [resource = '', subresource] = (first.resources[0] ?? '').split('/')
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: granted.user,
      groups: granted.groups,
      resourceAttributes: {
        group: first.apiGroups[0],
        resource,
        verb: first.verbs[0],
        ...(subresource === undefined ? {} : { subresource }),
      },
    },
  }
  const allowed = async (): Promise<boolean> =>
    reviewWire.parse(await api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', review)).status.allowed
  await waitFor('the rights are in force', allowed, { timeoutMs: 10_000 })
}
