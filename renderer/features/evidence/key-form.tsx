import type { EvidencePlan } from '../../../shared/contract/evidence.ts'
import styles from './evidence.module.css'
import type { KeyChoice } from './key-choice.ts'
import { PathField } from './path-field.tsx'

const kinds = [
  ['configured', 'of environment.yaml'],
  ['file', 'a key file'],
  ['transit', 'Vault Transit'],
] as const

/** The organisation key that signs the pack, and its assurance. */
export function KeyForm({
  choice,
  onChange,
  signing,
}: {
  readonly choice: KeyChoice
  readonly onChange: (choice: KeyChoice) => void
  readonly signing: EvidencePlan['signing']
}) {
  const set = (part: Partial<KeyChoice>) => onChange({ ...choice, ...part })
  return (
    <div className={styles.fields}>
      <div className={styles.field}>
        <label htmlFor="evidence-key">Organisation key</label>
        <select
          id="evidence-key"
          value={choice.kind}
          onChange={(event) => set({ kind: kinds.find(([kind]) => kind === event.target.value)?.[0] ?? 'configured' })}
          data-testid="evidence-key-kind"
        >
          {kinds.map(([kind, words]) => (
            <option key={kind} value={kind}>
              {words}
            </option>
          ))}
        </select>
      </div>
      {choice.kind === 'configured' ? (
        <p className={styles.meta} data-testid="evidence-key-configured">
          {signing === null
            ? 'environment.yaml names none under evidence.signing: name one there, also a program that signs, or choose another way.'
            : `Signs with ${signing.name}.`}
        </p>
      ) : null}
      {choice.kind === 'file' ? (
        <PathField
          label="Private key (PEM, P-256)"
          value={choice.file}
          onChange={(file) => set({ file })}
          extensions={['pem', 'key']}
          testId="evidence-key-file"
          hint="A key in a file proves less than one that cannot be copied: the pack says which it was."
        />
      ) : null}
      {choice.kind === 'transit' ? (
        <>
          <PathField
            label="Vault (its id in environment.yaml)"
            value={choice.vault}
            onChange={(vault) => set({ vault })}
          />
          <PathField label="Mount" value={choice.transitMount} onChange={(transitMount) => set({ transitMount })} />
          <PathField label="Key" value={choice.keyName} onChange={(keyName) => set({ keyName })} />
        </>
      ) : null}
    </div>
  )
}
