import type { EnvoySecretFact, PeerMatcher, TrustedDomain } from '../../../shared/domain/model/envoy-facts.ts'
import { envoyReads, locatorOf } from './client.ts'
import { type Asked, attempt, measured, NotUnderstood, type Problem, parse, type Translated } from './problem.ts'
import { matchersOf, type SecretMatchers } from './translate-tls.ts'
import { timeOrNull, uniqueById } from './values.ts'
import { configDump, kindOf } from './wire.ts'
import {
  type DataSource,
  listedSecret,
  secret as secretSchema,
  spiffeValidator,
  staticReference,
  type ValidationContext,
} from './wire-tls.ts'
import { type Authority, pemCertificates, readAuthority, readCertificate } from './x509.ts'

export interface TranslatedSecrets extends Translated<EnvoySecretFact> {
  readonly matchers: SecretMatchers
}

export interface SecretAnswers {
  /** null: no TLS context names one, so it was not asked for. */
  readonly staticSecrets: unknown
  readonly activeSecrets: unknown
  readonly warmingSecrets: unknown
}

/** A TLS context that names a secret without saying which SDS server delivers it means one of `static_resources.secrets`. */
export const needsStaticSecrets = (...answers: unknown[]): boolean => answers.some(namesStaticSecret)

/** In the order in which one of several secrets of one name is kept. */
const lists = [
  { answer: 'activeSecrets', state: 'active', read: envoyReads.activeSecrets },
  { answer: 'staticSecrets', state: 'active', read: envoyReads.staticSecrets },
  { answer: 'warmingSecrets', state: 'warming', read: envoyReads.warmingSecrets },
] as const
type SecretList = (typeof lists)[number]

export function translateSecrets(asked: Asked, answers: SecretAnswers): TranslatedSecrets {
  const problems: Problem[] = []
  const matchers = new Map<string, readonly PeerMatcher[]>()
  const facts = lists.flatMap((list) =>
    parse(configDump, answers[list.answer] ?? {}, 'config_dump').configs.flatMap(
      (element) => attempt('secret', problems, () => translateSecret(asked, list, element, matchers, problems)) ?? [],
    ),
  )
  return { facts: uniqueById(facts), problems, matchers }
}

/** null: a secret of another kind, such as session ticket keys; it is nobody's identity and is not looked at. */
function translateSecret(
  asked: Asked,
  { state, read }: SecretList,
  element: unknown,
  matchers: Map<string, readonly PeerMatcher[]>,
  problems: Problem[],
): EnvoySecretFact | null {
  const found = parse(listedSecret, element, 'secret')
  const content = parse(secretSchema, found.secret ?? {}, `secret ${found.name}`)
  if (content.generic_secret !== undefined || content.session_ticket_keys !== undefined) return null
  const validation = content.validation_context
  if (validation !== undefined) {
    const accepted = matchersOf(validation)
    if (accepted.length > 0) matchers.set(found.name, accepted)
  }
  return {
    kind: 'envoy-secret',
    id: `envoy/${asked.envoy}/secrets#envoy-secret/${state}/${found.name}`,
    from: measured(asked, locatorOf(read)),
    envoy: asked.envoy,
    name: found.name,
    state,
    lastUpdated: timeOrNull(found.last_updated),
    certificate:
      content.tls_certificate === undefined
        ? null
        : attempt('secret', problems, () => leafOf(content.tls_certificate?.certificate_chain, found.name)),
    trusted: validation === undefined ? null : trustedDomains(validation, found.name, problems),
  }
}

/** null: the chain lies in a file of Envoy's machine. What is loaded from there is told by `/certs`, as for TLS contexts without SDS. */
function leafOf(source: DataSource | undefined, name: string): EnvoySecretFact['certificate'] {
  if (source?.filename !== undefined || source?.environment_variable !== undefined) return null
  const [leaf] = pemCertificates(textOf(source, `secret ${name}`))
  if (leaf === undefined) throw new NotUnderstood('invalid', `secret ${name}: its chain holds no certificate`)
  return readCertificate(leaf)
}

function trustedDomains(context: ValidationContext, name: string, problems: Problem[]): readonly TrustedDomain[] {
  const validator = context.custom_validator_config?.typed_config
  if (validator !== undefined && kindOf(validator) === 'SPIFFECertValidatorConfig') {
    const domains = attempt('secret', problems, () => parse(spiffeValidator, validator, `secret ${name}`)) ?? {
      trust_domains: [],
    }
    return domains.trust_domains.map((domain) => ({
      trustDomain: domain.name,
      authorities: authoritiesOf(domain.trust_bundle, `secret ${name}, trust domain ${domain.name}`, problems),
    }))
  }
  if (context.trusted_ca === undefined) return []
  return [{ trustDomain: '', authorities: authoritiesOf(context.trusted_ca, `secret ${name}`, problems) }]
}

function authoritiesOf(source: DataSource | undefined, place: string, problems: Problem[]): readonly Authority[] {
  const text = attempt('secret', problems, () => textOf(source, place)) ?? ''
  return pemCertificates(text).flatMap((pem, index) => {
    try {
      return [readAuthority(pem)]
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error
      problems.push({ what: 'secret', reason: 'invalid', detail: `${place}: CA ${index + 1}: ${error.message}` })
      return []
    }
  })
}

function textOf(source: DataSource | undefined, place: string): string {
  if (source?.inline_bytes !== undefined) return Buffer.from(source.inline_bytes, 'base64').toString('latin1')
  if (source?.inline_string !== undefined) return source.inline_string
  throw new NotUnderstood('unsupported', `${place}: its certificates lie in a file or variable of that Envoy’s machine`)
}

const references = new Set(['tls_certificate_sds_secret_configs', 'validation_context_sds_secret_config'])

/** Without recursion: a hostile dump nests deeper than any stack, and that must cost its own part only. */
function namesStaticSecret(answer: unknown): boolean {
  const waiting: unknown[] = [answer]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value !== 'object' || value === null) continue
    for (const [key, inner] of Object.entries(value)) {
      if (!references.has(key)) waiting.push(inner)
      else if ([inner].flat().some((named) => staticReference.safeParse(named).success)) return true
    }
  }
  return false
}
