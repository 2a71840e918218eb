import type { EnvoySecretFact, PeerMatcher, TrustedDomain } from '../../../shared/domain/model/envoy-facts.ts'
import { envoyReads, locatorOf } from './client.ts'
import { type Asked, attempt, measured, NotUnderstood, type Problem, parse, type Translated } from './problem.ts'
import { matchersOf, type SecretMatchers } from './translate-tls.ts'
import { timeOrNull, uniqueById } from './values.ts'
import { configDump, kindOf } from './wire.ts'
import {
  type DataSource,
  dynamicSecret,
  secret as secretSchema,
  spiffeValidator,
  type ValidationContext,
} from './wire-tls.ts'
import { type Authority, pemCertificates, readAuthority, readCertificate } from './x509.ts'

export interface TranslatedSecrets extends Translated<EnvoySecretFact> {
  readonly matchers: SecretMatchers
}

export function translateSecrets(
  asked: Asked,
  answers: { readonly activeSecrets: unknown; readonly warmingSecrets: unknown },
): TranslatedSecrets {
  const problems: Problem[] = []
  const matchers = new Map<string, readonly PeerMatcher[]>()
  const facts = (['active', 'warming'] as const).flatMap((state) => {
    const answer = state === 'active' ? answers.activeSecrets : answers.warmingSecrets
    return parse(configDump, answer ?? {}, 'config_dump').configs.flatMap(
      (element) => attempt('secret', problems, () => translateSecret(asked, state, element, matchers, problems)) ?? [],
    )
  })
  return { facts: uniqueById(facts), problems, matchers }
}

/** null: a secret of another kind, such as session ticket keys; it is nobody's identity and is not looked at. */
function translateSecret(
  asked: Asked,
  state: EnvoySecretFact['state'],
  element: unknown,
  matchers: Map<string, readonly PeerMatcher[]>,
  problems: Problem[],
): EnvoySecretFact | null {
  const found = parse(dynamicSecret, element, 'secret')
  const content = parse(secretSchema, found.secret ?? {}, `secret ${found.name}`)
  if (content.generic_secret !== undefined || content.session_ticket_keys !== undefined) return null
  const validation = content.validation_context
  if (validation !== undefined) {
    const accepted = matchersOf(validation)
    if (accepted.length > 0) matchers.set(found.name, accepted)
  }
  const read = state === 'active' ? envoyReads.activeSecrets : envoyReads.warmingSecrets
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

function leafOf(source: DataSource | undefined, name: string): EnvoySecretFact['certificate'] {
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
