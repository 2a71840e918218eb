import { z } from 'zod'
import { KubernetesFailure } from './failure.ts'

/** The envelope of the API (meta/v1), Kubernetes 1.27 to 1.36: exactly what is read. */

/** Go writes an absent list as `null`, `[]` or not at all. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z
    .array(item)
    .nullish()
    .transform((list) => list ?? [])
}

/** The same for maps of strings. */
export const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {})

export const metadata = z.object({
  name: z.string().min(1).max(253),
  namespace: z
    .string()
    .max(253)
    .nullish()
    .transform((value) => value ?? ''),
  uid: z
    .string()
    .max(200)
    .nullish()
    .transform((value) => value ?? ''),
  resourceVersion: z
    .string()
    .max(100)
    .nullish()
    .transform((value) => value ?? ''),
  labels: strings,
})

/** Enough of an object to know which one it is. */
export const anyObject = z.object({ metadata })

/** All that a bookmark has. */
export const bookmark = z.object({ metadata: z.object({ resourceVersion: z.string().min(1).max(100) }) })

export const listPage = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().nullish() }),
  items: listOf(z.unknown()),
})

export const watchLine = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
})

export const statusObject = z.object({
  code: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
})

export const version = z.object({ gitVersion: z.string().max(100).optional() })

export const rulesReview = z.object({
  status: z.object({
    incomplete: z.boolean(),
    resourceRules: listOf(
      z.object({ verbs: listOf(z.string()), apiGroups: listOf(z.string()), resources: listOf(z.string()) }),
    ),
  }),
})

/** The token goes to the system that it is asked for, and nowhere else. */
export const tokenRequest = z.object({ status: z.object({ token: z.string().min(1).max(20_000) }) })

/** Parses outside data, or says in words where it differs. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  throw new KubernetesFailure('invalid', `${name}${place}: ${issue?.message ?? 'not understood'}`)
}
