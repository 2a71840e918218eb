import type { PeerMatcher, TlsContext } from '../../../shared/domain/model/envoy-facts.ts'
import { NotUnderstood, parse } from './problem.ts'
import { kindOf } from './wire.ts'
import {
  type CommonTlsContext,
  downstreamTlsContext,
  quicContext,
  type StringMatcher,
  type TransportSocket,
  upstreamTlsContext,
  type ValidationContext,
  wrappingSocket,
} from './wire-tls.ts'

/** Peers that validation contexts delivered by SDS accept, by secret name: Envoy adds them to the configured ones. */
export type SecretMatchers = ReadonlyMap<string, readonly PeerMatcher[]>

export interface UpstreamNames {
  /** HttpProtocolOptions asks for the request's host name in the peer's certificate. */
  readonly autoSanValidation: boolean
}

/** What a transport socket means for TLS; null: plaintext. Throws `NotUnderstood` for sockets of unknown kinds. */
export function tlsContextOf(
  socket: TransportSocket | undefined,
  secrets: SecretMatchers,
  upstream: UpstreamNames = { autoSanValidation: false },
): TlsContext | null {
  if (socket?.typed_config === undefined) {
    if (socket === undefined || socket.name.endsWith('raw_buffer')) return null
    throw new NotUnderstood('unsupported', `transport socket ${socket.name} has no configuration that can be read`)
  }
  const config = socket.typed_config
  const kind = kindOf(config)
  switch (kind) {
    case 'RawBuffer':
      return null
    case 'DownstreamTlsContext':
      return downstream(config, secrets)
    case 'UpstreamTlsContext':
      return upstreamContext(config, secrets, upstream)
    case 'QuicDownstreamTransport':
      return downstream(parse(quicContext, config, kind).downstream_tls_context ?? {}, secrets)
    case 'QuicUpstreamTransport':
      return upstreamContext(parse(quicContext, config, kind).upstream_tls_context ?? {}, secrets, upstream)
    case 'ProxyProtocolUpstreamTransport':
    case 'Http11ProxyUpstreamTransport':
    case 'InternalUpstreamTransport':
    case 'Tap':
    case 'Config':
      return wrapped(config, kind, secrets, upstream)
    default:
      throw new NotUnderstood('unsupported', `transport socket of kind ${config['@type'].slice(0, 200)}`)
  }
}

/** `Config` is the unlucky name of tcp_stats' message; anything else of that name holds no transport socket. */
function wrapped(config: unknown, kind: string, secrets: SecretMatchers, upstream: UpstreamNames): TlsContext | null {
  const inner = parse(wrappingSocket, config, kind).transport_socket
  if (inner === undefined) throw new NotUnderstood('unsupported', `transport socket of kind ${kind} that wraps nothing`)
  return tlsContextOf(inner, secrets, upstream)
}

function downstream(config: unknown, secrets: SecretMatchers): TlsContext {
  const context = parse(downstreamTlsContext, config, 'DownstreamTlsContext')
  return {
    ...common(context.common_tls_context, secrets, []),
    side: 'downstream',
    requireClientCertificate: context.require_client_certificate,
    sni: null,
  }
}

function upstreamContext(config: unknown, secrets: SecretMatchers, names: UpstreamNames): TlsContext {
  const context = parse(upstreamTlsContext, config, 'UpstreamTlsContext')
  const sni = context.sni === '' ? null : context.sni
  const byName = context.auto_sni_san_validation || names.autoSanValidation
  const matchers: PeerMatcher[] = byName
    ? [{ sanType: 'DNS', match: 'exact', value: context.auto_sni_san_validation && sni !== null ? sni : ':authority' }]
    : []
  return {
    ...common(context.common_tls_context, secrets, matchers),
    side: 'upstream',
    requireClientCertificate: null,
    sni,
  }
}

function common(
  context: CommonTlsContext,
  secrets: SecretMatchers,
  more: readonly PeerMatcher[],
): Omit<TlsContext, 'side' | 'requireClientCertificate' | 'sni'> {
  const combined = context.combined_validation_context
  const fixed = combined?.default_validation_context ?? context.validation_context
  const secret = combined?.validation_context_sds_secret_config ?? context.validation_context_sds_secret_config
  const delivered = secret === undefined ? [] : (secrets.get(secret.name) ?? [])
  const matchers = [...(fixed === undefined ? [] : matchersOf(fixed)), ...delivered, ...more]
  return {
    minimumVersion: context.tls_params?.tls_minimum_protocol_version ?? null,
    maximumVersion: context.tls_params?.tls_maximum_protocol_version ?? null,
    certificateSecrets: context.tls_certificate_sds_secret_configs.map((config) => config.name),
    staticCertificates:
      context.tls_certificates.length + (context.tls_certificate_provider_instance === undefined ? 0 : 1),
    validationSecret: secret?.name ?? null,
    staticTrustedCa: fixed !== undefined && hasAuthorities(fixed),
    peerMatchers: matchers.length === 0 ? null : matchers,
    weakened: fixed === undefined ? [] : weaknessesOf(fixed),
  }
}

/** Who a validation context accepts besides "anyone whose chain verifies". */
export function matchersOf(context: ValidationContext): readonly PeerMatcher[] {
  return [
    ...context.match_typed_subject_alt_names.map((entry) => matcher(entry.san_type, entry.matcher)),
    ...context.match_subject_alt_names.map((entry) => matcher('ANY', entry)),
    ...context.verify_certificate_hash.map((value) => pin('CERTIFICATE_SHA256', value)),
    ...context.verify_certificate_spki.map((value) => pin('PUBLIC_KEY_SHA256', value)),
  ]
}

function pin(sanType: string, value: string): PeerMatcher {
  return { sanType, match: 'exact', value }
}

function matcher(sanType: string, found: StringMatcher): PeerMatcher {
  if (found.exact !== undefined) return { sanType, match: 'exact', value: found.exact }
  if (found.prefix !== undefined) return { sanType, match: 'prefix', value: found.prefix }
  if (found.suffix !== undefined) return { sanType, match: 'suffix', value: found.suffix }
  if (found.contains !== undefined) return { sanType, match: 'contains', value: found.contains }
  if (found.safe_regex !== undefined) return { sanType, match: 'regex', value: found.safe_regex.regex }
  throw new NotUnderstood('unsupported', 'a subject name matcher of a kind that is not known')
}

function hasAuthorities(context: ValidationContext): boolean {
  return (
    context.trusted_ca !== undefined ||
    context.system_root_certs !== undefined ||
    context.ca_certificate_provider_instance !== undefined ||
    context.custom_validator_config !== undefined
  )
}

function weaknessesOf(context: ValidationContext): TlsContext['weakened'] {
  return [
    ...(context.trust_chain_verification === 'ACCEPT_UNTRUSTED' ? (['accept-untrusted'] as const) : []),
    ...(context.allow_expired_certificate ? (['allow-expired'] as const) : []),
  ]
}
