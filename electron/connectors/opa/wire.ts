import { z } from 'zod'

/**
 * Exactly the fields of OPA's REST answers that are read; checked with OPA 1.15.2 (opa-envoy) and 1.19.
 * Unknown keys are dropped: configuration may hold credentials, and none of them has a field here.
 */

const text = z.string()

const labels = z.record(text, text).default({})

export const config = z.object({
  result: z.object({
    labels,
    status: z.unknown().optional(),
    bundles: z
      .record(
        text,
        z.object({
          polling: z
            .object({ max_delay_seconds: z.number().optional(), long_polling_timeout_seconds: z.number().optional() })
            .optional(),
          trigger: text.optional(),
          signing: z.object({}).optional(),
        }),
      )
      .default({}),
    decision_logs: z.object({ service: text.optional() }).nullish(),
    plugins: z
      .object({
        envoy_ext_authz_grpc: z
          .object({
            addr: text.optional(),
            path: text.optional(),
            query: text.optional(),
            'dry-run': z.boolean().optional(),
          })
          .nullish(),
      })
      .default({}),
  }),
})
export type WireConfig = z.output<typeof config>['result']

const bundleError = z.union([
  text,
  z.object({
    code: text.optional(),
    message: text.default(''),
    location: z.object({ file: text.default(''), row: z.number().optional() }).optional(),
  }),
])
export type WireBundleError = z.output<typeof bundleError>

export const bundle = z.object({
  active_revision: text.optional(),
  last_request: text.optional(),
  last_successful_request: text.optional(),
  last_successful_download: text.optional(),
  last_successful_activation: text.optional(),
  code: text.optional(),
  message: text.optional(),
  http_code: z.union([z.number(), text.regex(/^\d+$/).transform(Number)]).optional(),
  errors: z.array(bundleError).nullish(),
})
export type WireBundle = z.output<typeof bundle>

export const status = z.object({
  result: z.object({
    labels,
    /** Parsed one by one, so that one bad one does not hide the rest. */
    bundles: z.record(text, z.unknown()).default({}),
    decision_logs: z.object({ code: text.optional(), message: text.optional() }).nullish(),
    /** By metrics provider (`prometheus`, `<built-in>`), then by name. */
    metrics: z.record(text, z.record(text, z.unknown())).optional(),
  }),
})
export type WireStatus = z.output<typeof status>['result']

export const policies = z.object({ result: z.array(z.unknown()) })
export const policy = z.object({
  id: text,
  raw: text,
  ast: z
    .object({ package: z.object({ path: z.array(z.object({ value: z.union([text, z.number()]) })) }).optional() })
    .optional(),
})
