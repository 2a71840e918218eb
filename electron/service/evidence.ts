import type { EvidencePlan, PackKey } from '../../shared/contract/evidence.ts'
import type { EnvironmentRegistry } from '../core/environments.ts'
import { Failure } from '../core/failure.ts'
import type { Histories } from '../core/histories.ts'
import type { Journal } from '../core/journal.ts'
import type { LogStores } from '../core/log-keeping.ts'
import { maskingVersion } from '../core/log-lines.ts'
import type { Pasts } from '../core/past.ts'
import type { Clock, Log } from '../core/ports.ts'
import type { Sealing } from '../core/sealing.ts'
import type { EvidenceSources } from '../evidence/artefact.ts'
import { artefacts } from '../evidence/artefacts/index.ts'
import type { EvidenceHandlers } from '../evidence/handlers.ts'
import { createEvidenceHandlers } from '../evidence/maker.ts'
import type { HeldEvidence } from '../evidence/maker-parts.ts'
import type { StatementSigner } from '../evidence/pack/request.ts'
import { auditorReadme, verifyPack, verifyScript, verifyWithKeyFile } from '../evidence/verify/index.ts'

/** What of the place evidence needs. */
export interface EvidencePlace {
  /** `everyhop 0.1.0`. */
  readonly console: string
  /** Account of the operating system. */
  readonly operator: string
  /** Where packs of an environment are; null: nothing is kept here. */
  readonly folderOf: (environment: string) => string | null
  /** Environments of which something was made here before. */
  readonly madeBefore: () => Promise<readonly string[]>
  /** How a kept line is understood. */
  readonly understand: EvidenceSources['understand']
}

export interface EvidenceParts extends EvidencePlace {
  readonly clock: Clock
  readonly log: Log
  readonly registry: EnvironmentRegistry
  readonly histories: Pick<Histories, 'of' | 'why'>
  readonly logStores: LogStores
  readonly seals: Pick<Sealing, 'of'>
  readonly pasts: Pick<Pasts, 'at'>
  readonly journal: Journal
  readonly keptBundle: (environment: string, bundle: string, revision: string) => Promise<Uint8Array | null>
  readonly signing: {
    of(environment: string, key: PackKey | null, signal: AbortSignal): Promise<StatementSigner>
    configured(environment: string): Promise<EvidencePlan['signing']>
  }
}

/** Names of fields and shapes of text that electron/logs/intake/mask.ts takes out. */
const maskedFields = 17

export function evidenceOf(parts: EvidenceParts): EvidenceHandlers {
  const { clock, log, registry, console, operator, folderOf } = parts

  async function sourcesOf(environment: string): Promise<HeldEvidence> {
    await registry.ready()
    const { environment: configured } = registry.get(environment)
    const history = parts.histories.of(environment)
    if (history === null) throw nothingRemembered(environment, parts.histories.why(environment))
    const logs = await parts.logStores.of(environment)
    return {
      sources: {
        environment,
        configured,
        history,
        logs,
        seals: await parts.seals.of(environment),
        journal: parts.journal,
        async graphAt(at) {
          try {
            return (await parts.pasts.at(environment, Math.min(at, clock.now()))).graph
          } catch (reason) {
            // Before anything was recorded nothing is known, which is no failure.
            if (reason instanceof Failure && reason.code === 'not-found') return null
            throw reason
          }
        },
        bundle: ({ bundle, revision }) => parts.keptBundle(environment, bundle, revision),
        understand: parts.understand,
      },
      trustDomains: [...new Set(configured.sources.spire.map(({ trustDomain }) => trustDomain))],
      release() {},
    }
  }

  const handlers = createEvidenceHandlers({
    clock,
    log,
    console,
    operator,
    artefacts,
    masking: { rules: maskingVersion, fields: maskedFields },
    folderOf,
    sourcesOf,
    signerOf: (environment, key, signal) => parts.signing.of(environment, key, signal),
    signingOf: (environment) => parts.signing.configured(environment),
    verify: verifyPack,
    verifyWithKeyFile,
    auditor: (packId, fingerprint) => ({ readme: auditorReadme(packId, fingerprint), verifier: verifyScript() }),
  })
  // What a crash left is put in order at the next start, and not only when somebody makes a pack again.
  void lookAtMade()
  return handlers

  /** Never rejects: nobody waits for it, and a list that cannot be read must not end the service. */
  async function lookAtMade(): Promise<void> {
    const warn = (reason: unknown): void => {
      log.warn('packs that were made before could not be looked at', { reason: String(reason) })
    }
    const names = await parts.madeBefore().catch((reason: unknown) => {
      warn(reason)
      return []
    })
    for (const environment of names) await handlers.packs({ environment }).catch(warn)
  }
}

function nothingRemembered(environment: string, why: ReturnType<Histories['why']>): Failure {
  if (why === 'snapshot' || why === 'preview') {
    const sentence = `${environment} is a ${why}: evidence is made of an environment that is read.`
    return new Failure('read-only', environment, sentence, 'Choose the environment itself.')
  }
  return new Failure(
    'not-found',
    environment,
    `Nothing is remembered of ${environment}, so there is nothing that evidence could be made of.`,
    'Start Everyhop with a data folder, and let it watch the environment for a while.',
  )
}
