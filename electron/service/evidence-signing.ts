import { resolve } from 'node:path'
import type { LendVault } from '../actions/vault-transit.ts'
import type { EnvironmentRegistry } from '../core/environments.ts'
import { Failure } from '../core/failure.ts'
import type { Files, Secrets } from '../core/ports.ts'
import type { Sessions } from '../core/sessions.ts'
import { describeKey, evidenceKeyOf, openPackSigner } from '../evidence/signing/index.ts'
import type { EvidenceParts } from './evidence.ts'

export interface EvidenceSigningParts {
  readonly registry: EnvironmentRegistry
  readonly sessions: Pick<Sessions, 'use'>
  readonly files: Files
  readonly secrets: Secrets
  readonly variables: Readonly<Record<string, string | undefined>>
}

/** Keys that sign packs: the one that is named for a pack, else that of environment.yaml. */
export function evidenceSigning({
  registry,
  sessions,
  files,
  secrets,
  variables,
}: EvidenceSigningParts): EvidenceParts['signing'] {
  return {
    async of(environment, key, signal) {
      await registry.ready()
      const { environment: written, baseDirectory } = registry.get(environment)
      const used = key === null ? written.evidence?.signing : evidenceKeyOf(key)
      if (used === undefined) {
        throw new Failure(
          'invalid',
          environment,
          `Nothing says which key signs packs of ${environment}.`,
          'Name one (--key, --transit or --sign-command), or write evidence.signing into environment.yaml.',
        )
      }
      const lend: LendVault = async (vault, use, lent) =>
        (await sessions.use(environment)).observation.lendVault(vault, use, lent)
      const at = (path: string): string => resolve(baseDirectory, path)
      return openPackSigner(used, { files, secrets, variables, resolve: at, lend }, signal)
    },
    async configured(environment) {
      await registry.ready()
      const signing = registry.get(environment).environment.evidence?.signing
      return signing === undefined ? null : describeKey(signing)
    },
  }
}
