import { z } from 'zod'

/**
 * Exactly the fields of Vault's answers that are read; checked with Vault 1.21. Unknown keys are dropped: what is not named
 * here does not enter Everyhop, and nothing that is named here is a credential, but for `client_token` of a login.
 */

const text = z.string()
const texts = z
  .array(text)
  .nullish()
  .transform((values) => values ?? [])
/** Seconds, or a duration as Go writes it (`1h30m`). */
const seconds = z
  .union([z.number(), text])
  .nullish()
  .catch(undefined)
  .transform((value) => (typeof value === 'string' ? durationSeconds(value) : (value ?? null)))

export const health = z.object({
  initialized: z.boolean(),
  sealed: z.boolean(),
  standby: z.boolean(),
  performance_standby: z.boolean().optional(),
  replication_dr_mode: text.optional(),
  version: text.optional(),
  cluster_name: text.optional(),
})
export type WireHealth = z.output<typeof health>

export const sealStatus = z.object({ version: text.optional(), cluster_name: text.optional() })

/** `GET sys/mounts` and `sys/auth`; older Vaults repeat the entries beside `data`. */
export const mounts = z.object({
  data: z.record(
    text,
    z.object({
      type: text,
      accessor: text.default(''),
      description: text.default(''),
      config: z
        .object({ default_lease_ttl: z.number().default(0), max_lease_ttl: z.number().default(0) })
        .default({ default_lease_ttl: 0, max_lease_ttl: 0 }),
    }),
  ),
})
export type WireMounts = z.output<typeof mounts>['data']

export const keys = z.object({ data: z.object({ keys: texts }) })

const subjects = z
  .union([text, z.array(text)])
  .nullish()
  .catch(undefined)
  .transform((value) => (value === undefined || value === null ? [] : typeof value === 'string' ? [value] : value))

export const role = z.object({
  data: z.object({
    token_policies: texts,
    policies: texts.catch([]),
    allowed_policies: texts.catch([]),
    bound_subject: text.optional().catch(undefined),
    bound_claims: z.object({ sub: subjects }).nullish().catch(undefined),
    bound_audiences: texts.catch([]),
    audience: text.optional().catch(undefined),
    bound_service_account_names: texts.catch([]),
    bound_service_account_namespaces: texts.catch([]),
    token_ttl: seconds,
    token_max_ttl: seconds,
    ttl: seconds,
    max_ttl: seconds,
    default_ttl: seconds,
    token_default_ttl: seconds,
    default_sts_ttl: seconds,
    max_sts_ttl: seconds,
  }),
})
export type WireRole = z.output<typeof role>['data']

export const policy = z.object({ data: z.object({ policy: text }) })

export const ownToken = z.object({
  data: z.object({
    display_name: text.default(''),
    policies: texts,
    identity_policies: texts,
    ttl: z.number().default(0),
    creation_ttl: z.number().default(0),
    expire_time: text.nullish(),
    renewable: z.boolean().default(false),
  }),
})
export type WireOwnToken = z.output<typeof ownToken>['data']

export const capabilities = z.object({ data: z.record(text, z.unknown()) })

export const login = z.object({
  auth: z.object({ client_token: text.min(1), lease_duration: z.number(), renewable: z.boolean().default(false) }),
})

export const lease = z.object({
  data: z.object({
    id: text,
    issue_time: text.nullish(),
    expire_time: text.nullish(),
    last_renewal: text.nullish(),
    renewable: z.boolean().nullish(),
    ttl: z.number().nullish(),
  }),
})
export type WireLease = z.output<typeof lease>['data']

export const errors = z.object({ errors: z.array(text) })

export const entity = z.object({
  data: z.object({
    id: text,
    name: text.default(''),
    disabled: z.boolean().default(false),
    policies: texts,
    aliases: z
      .array(z.object({ name: text, mount_path: text.default(''), mount_type: text.default('') }))
      .nullish()
      .transform((values) => values ?? []),
  }),
})
export type WireEntity = z.output<typeof entity>['data']

function durationSeconds(value: string): number | null {
  if (/^\d+$/.test(value)) return Number(value)
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|d)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== value) return null
  const units: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 }
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0)
}
