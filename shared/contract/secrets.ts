import { type } from '@orpc/contract'
import { z } from 'zod'
import type { EpochMs } from '../domain/model/time.ts'
import { procedure } from './procedure.ts'

/** As `environment.yaml` refers to a secret. */
export const secretNameSchema = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,99}$/)
/** Characters; longer than any token or key that a source asks for. */
export const longestSecret = 64 * 1024
export const shortestPassphrase = 8

const passphraseSchema = z.string().min(1).max(1024)

/**
 * unset: nothing is kept yet, and there is no keyring: a passphrase is to be chosen.
 * locked: the passphrase is needed. open: values can be put and read. unusable: see `problem`.
 */
export type SecretsCondition = 'unset' | 'locked' | 'open' | 'unusable'

/**
 * damaged: the file is not as it was written. newer: written by a newer version. keyring: the operating system's keyring does
 * not open what it sealed. unreadable: the file cannot be read.
 */
export type SecretsProblemCode = 'damaged' | 'newer' | 'keyring' | 'unreadable'

export interface SecretsState {
  readonly condition: SecretsCondition
  /** What the secrets are sealed with; null: nothing is kept yet. */
  readonly protection: 'keyring' | 'passphrase' | null
  /** The operating system's keyring here; `problem` in its own words. */
  readonly keyring: { readonly available: boolean; readonly name: string | null; readonly problem: string | null }
  readonly problem: { readonly code: SecretsProblemCode; readonly detail: string } | null
  /** The secrets that are kept; null while that cannot be told. */
  readonly count: number | null
  readonly file: string
}

/** A secret without its value: that goes in and never comes out. */
export interface SecretLine {
  readonly name: string
  readonly changedAt: EpochMs
}

export const secrets = {
  state: procedure.input(z.object({})).output(type<SecretsState>()),
  /** `forbidden`: the passphrase is wrong. `invalid`: the file is damaged. `conflict`: no passphrase protects it. */
  unlock: procedure.input(z.object({ passphrase: passphraseSchema })).output(type<SecretsState>()),
  /** Forgets the passphrase until it is given again. A keyring cannot be locked from here: `conflict`. */
  lock: procedure.input(z.object({})).output(type<SecretsState>()),
  /** The first passphrase, or another one; then `current` is needed. Everything is sealed anew. */
  setPassphrase: procedure
    .input(z.object({ passphrase: passphraseSchema.min(shortestPassphrase), current: passphraseSchema.optional() }))
    .output(type<SecretsState>()),
  /** Names only; also while locked. */
  list: procedure.input(z.object({})).output(type<readonly SecretLine[]>()),
  /** `locked` while the passphrase is needed or none was chosen. */
  put: procedure
    .input(z.object({ name: secretNameSchema, value: z.string().min(1).max(longestSecret) }))
    .output(type<SecretLine>()),
  /** `not-found` when there is none of this name. */
  remove: procedure.input(z.object({ name: secretNameSchema })).output(type<{ readonly removed: string }>()),
}
