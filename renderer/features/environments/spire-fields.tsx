import type { ProposedSource } from '../../../shared/contract/environment-setup.ts'
import type { SpireFields, SpireWay } from './draft-form.ts'
import styles from './environments.module.css'
import { ChoiceField, FileField, TextField } from './fields.tsx'
import { FoundServer } from './found-server.tsx'

const ways: readonly (readonly [SpireWay, string])[] = [
  ['none', 'None yet: registrations stay unknown'],
  ['files', 'An SVID in files'],
  ['workload-api', 'Workload API socket of this computer'],
]
const withSocket: typeof ways = [...ways, ['socket', 'The server’s own socket on this computer']]

/** How Everyhop proves to SPIRE who it is. Without an identity a SPIRE server answers nothing. */
export function SpireSection({
  fields,
  found,
  hasCluster,
  problem,
  onChange,
}: {
  readonly fields: SpireFields
  readonly found: readonly ProposedSource[]
  /** A server may be found in the cluster; otherwise it needs an address. */
  readonly hasCluster: boolean
  readonly problem: string | undefined
  readonly onChange: (fields: SpireFields) => void
}) {
  const set = (part: Partial<SpireFields>) => onChange({ ...fields, ...part })
  const { way } = fields
  return (
    <fieldset className={styles.section} data-testid="spire-section">
      <legend>SPIRE</legend>
      <FoundServer found={found} hasCluster={hasCluster} />
      <ChoiceField
        label="Identity"
        value={way}
        onChange={(chosen) => set({ way: chosen })}
        choices={way === 'socket' || !hasCluster ? withSocket : ways}
        testId="spire-way"
      />
      {way === 'none' ? null : (
        <>
          <TextField
            label="Trust domain"
            value={fields.trustDomain}
            onChange={(trustDomain) => set({ trustDomain })}
            placeholder="example.org"
            hint="Another server than that of this trust domain is refused, and named."
            testId="spire-trust-domain"
          />
          {way === 'socket' ? null : (
            <TextField
              label="Address"
              value={fields.address}
              onChange={(address) => set({ address })}
              placeholder={hasCluster ? 'empty: the server found in the cluster' : 'spire.example.org:8081'}
              testId="spire-address"
            />
          )}
        </>
      )}
      {way === 'files' ? (
        <>
          <FileField
            label="Certificate"
            value={fields.certificate}
            onChange={(certificate) => set({ certificate })}
            placeholder="svid.pem"
            testId="spire-certificate"
          />
          <FileField
            label="Key"
            value={fields.key}
            onChange={(key) => set({ key })}
            placeholder="key.pem"
            testId="spire-key"
          />
          <FileField
            label="Trust bundle"
            value={fields.bundle}
            onChange={(bundle) => set({ bundle })}
            placeholder="bundle.pem"
            hint="Paths on this computer. The files are read again when they change; the key never leaves it."
            testId="spire-bundle"
          />
        </>
      ) : null}
      {way === 'workload-api' || way === 'socket' ? (
        <TextField
          label="Socket"
          value={fields.socket}
          onChange={(socket) => set({ socket })}
          placeholder="/run/spire/agent.sock"
          testId="spire-socket"
        />
      ) : null}
      {problem === undefined ? null : (
        <p className={styles.problem} role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  )
}
