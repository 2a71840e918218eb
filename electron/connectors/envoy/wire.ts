import { z } from 'zod'

/**
 * Exactly the fields of Envoy's admin answers that are read: proto-JSON of envoy.admin.v3, checked with 1.40.0.
 * Everything else is dropped by the parser. No schema has a field for a private key.
 */

const text = z.string()
const list = <Item extends z.ZodType>(item: Item) => z.array(item).default([])
/** 64-bit numbers are strings in proto-JSON; smaller ones are numbers. */
const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
])

/** A message whose kind stands in `@type`; its own schema is chosen by that. */
export const typed = z.looseObject({ '@type': text })
export type Typed = z.output<typeof typed>

/** `Any` without the prefix of its type URL: `envoy.config.listener.v3.Listener` becomes `Listener`. */
export function kindOf(message: Typed): string {
  return message['@type'].slice(message['@type'].lastIndexOf('.') + 1)
}

/** Outer shape of `/config_dump?resource=…`: elements are parsed one by one, so that one bad one does not hide the rest. */
export const configDump = z.object({ configs: list(z.unknown()) })

export const serverInfo = z.object({
  version: text,
  state: text,
  uptime_current_epoch: text,
  node: z.object({ id: text.default('') }).optional(),
})

export const initDump = z.object({
  unready_targets_dumps: list(z.object({ name: text.default(''), target_names: list(text) })),
})

export const address = z.object({
  socket_address: z
    .object({ address: text, port_value: z.number().default(0), named_port: text.optional() })
    .optional(),
  pipe: z.object({ path: text }).optional(),
  envoy_internal_address: z.object({ server_listener_name: text.default('') }).optional(),
})
export type Address = z.output<typeof address>

/** The admin API's own form of a certificate, `/certs`. */
const certificateDetails = z.object({
  serial_number: text,
  subject_alt_names: list(z.object({ uri: text.optional(), dns: text.optional() })),
  valid_from: text,
  expiration_time: text,
})
export const certificates = z.object({ certificates: list(z.unknown()) })
export const certificateEntry = z.object({ cert_chain: list(certificateDetails) })

/** `/stats?format=json`: the element with histograms has no name and is dropped. */
export const counters = z.object({ stats: z.array(z.object({ name: text.optional(), value: number.optional() })) })

export const clusterStatuses = z.object({
  cluster_statuses: list(z.object({ name: text, host_statuses: list(z.object({ address })) })),
})

/** Elements of the config dump that only wrap what was configured. */
export const staticListener = z.object({ listener: z.unknown() })
export const dynamicListener = z.object({
  name: text.default(''),
  active_state: z.object({ listener: z.unknown() }).optional(),
})
export const clusterElement = z.object({ cluster: z.unknown() })
export const routesElement = z.object({ route_config: z.unknown() })
export const discoveredFilter = z.object({
  ecds_filter: z.object({ name: text.default(''), typed_config: typed.optional() }),
})
