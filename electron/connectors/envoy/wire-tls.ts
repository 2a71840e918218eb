import { z } from 'zod'
import { typed } from './wire.ts'

/** envoy.extensions.transport_sockets.tls.v3, as far as it is read; Envoy 1.40.0. Keys have no field here. */

const text = z.string()
const list = <Item extends z.ZodType>(item: Item) => z.array(item).default([])
const named = z.object({ name: text.default('') })

/** envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig: without `sds_config` it names a secret of the bootstrap. */
export const staticReference = z.object({ name: text, sds_config: z.undefined().optional() })

/** envoy.config.core.v3.DataSource. */
export const dataSource = z.object({
  inline_bytes: text.optional(),
  inline_string: text.optional(),
  filename: text.optional(),
  environment_variable: text.optional(),
})
export type DataSource = z.output<typeof dataSource>

/** envoy.type.matcher.v3.StringMatcher. */
export const stringMatcher = z.object({
  exact: text.optional(),
  prefix: text.optional(),
  suffix: text.optional(),
  contains: text.optional(),
  safe_regex: z.object({ regex: text.default('') }).optional(),
})
export type StringMatcher = z.output<typeof stringMatcher>

export const validationContext = z.object({
  trusted_ca: dataSource.optional(),
  system_root_certs: z.unknown().optional(),
  ca_certificate_provider_instance: z.unknown().optional(),
  match_typed_subject_alt_names: list(
    z.object({ san_type: text.default('SAN_TYPE_UNSPECIFIED'), matcher: stringMatcher }),
  ),
  match_subject_alt_names: list(stringMatcher),
  verify_certificate_hash: list(text),
  verify_certificate_spki: list(text),
  trust_chain_verification: text.default('VERIFY_TRUST_CHAIN'),
  allow_expired_certificate: z.boolean().default(false),
  custom_validator_config: z.object({ name: text.default(''), typed_config: typed.optional() }).optional(),
})
export type ValidationContext = z.output<typeof validationContext>

const commonTlsContext = z.object({
  tls_params: z
    .object({ tls_minimum_protocol_version: text.optional(), tls_maximum_protocol_version: text.optional() })
    .optional(),
  tls_certificates: list(z.object({})),
  tls_certificate_sds_secret_configs: list(named),
  tls_certificate_provider_instance: z.unknown().optional(),
  validation_context: validationContext.optional(),
  validation_context_sds_secret_config: named.optional(),
  combined_validation_context: z
    .object({
      default_validation_context: validationContext.optional(),
      validation_context_sds_secret_config: named.optional(),
    })
    .optional(),
})
export type CommonTlsContext = z.output<typeof commonTlsContext>

export const downstreamTlsContext = z.object({
  common_tls_context: commonTlsContext.prefault({}),
  require_client_certificate: z.boolean().default(false),
})

export const upstreamTlsContext = z.object({
  common_tls_context: commonTlsContext.prefault({}),
  sni: text.default(''),
  auto_sni_san_validation: z.boolean().default(false),
})

export const quicContext = z.object({
  downstream_tls_context: z.unknown().optional(),
  upstream_tls_context: z.unknown().optional(),
})

export const transportSocket = z.object({ name: text.default(''), typed_config: typed.optional() })
export type TransportSocket = z.output<typeof transportSocket>

/** Transport sockets that wrap another one: PROXY protocol, tap, TCP statistics, internal upstream, HTTP/1.1 CONNECT. */
export const wrappingSocket = z.object({ transport_socket: transportSocket.optional() })

/** envoy.admin.v3.SecretsConfigDump.DynamicSecret and StaticSecret. */
export const listedSecret = z.object({
  name: text,
  last_updated: text.optional(),
  secret: z.unknown().optional(),
})
export const secret = z.object({
  tls_certificate: z.object({ certificate_chain: dataSource.optional() }).optional(),
  validation_context: validationContext.optional(),
  generic_secret: z.object({}).optional(),
  session_ticket_keys: z.object({}).optional(),
})

export const spiffeValidator = z.object({
  trust_domains: list(z.object({ name: text, trust_bundle: dataSource.optional() })),
})
