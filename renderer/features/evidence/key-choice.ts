import type { PackKey } from '../../../shared/contract/evidence.ts'

/** What somebody chose to sign with, as far as it is filled in. */
export interface KeyChoice {
  /** A program that signs is named in environment.yaml only: no window says what is run. */
  readonly kind: 'configured' | 'file' | 'transit'
  readonly file: string
  readonly vault: string
  readonly transitMount: string
  readonly keyName: string
}

export const noKey: KeyChoice = {
  kind: 'configured',
  file: '',
  vault: '',
  transitMount: 'transit',
  keyName: '',
}

/** The key for the contract, null: that of environment.yaml; undefined: something is still to be filled in. */
export function keyOf(choice: KeyChoice, isConfigured: boolean): PackKey | null | undefined {
  switch (choice.kind) {
    case 'configured':
      return isConfigured ? null : undefined
    case 'file':
      return choice.file.trim() === '' ? undefined : { kind: 'file', file: choice.file.trim() }
    case 'transit': {
      const { vault, transitMount, keyName } = choice
      if (vault.trim() === '' || transitMount.trim() === '' || keyName.trim() === '') return undefined
      return { kind: 'transit', vault: vault.trim(), transitMount: transitMount.trim(), keyName: keyName.trim() }
    }
  }
}
