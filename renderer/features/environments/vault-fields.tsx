import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ProposedSource } from '../../../shared/contract/environment-setup.ts'
import type { TestedLeaseMount } from '../../../shared/contract/lease-mounts.ts'
import { useApi } from '../../api/api-context.tsx'
import { useCommand } from '../../api/environments.ts'
import { useSecretsState } from '../../api/secrets.ts'
import { Button } from '../../ui/atoms.tsx'
import type { VaultFields, VaultWay } from './draft-form.ts'
import styles from './environments.module.css'
import { ChoiceField, FileField, TextField } from './fields.tsx'
import { FirstPassphrase } from './first-passphrase.tsx'
import { FoundServer } from './found-server.tsx'
import { LeaseMounts } from './lease-mounts.tsx'

const ways: readonly (readonly [VaultWay, string])[] = [
  ['none', 'None yet: leases stay unknown'],
  ['token-file', 'A token in a file'],
  ['token-secret', 'A token that Everyhop keeps'],
  ['jwt', 'A JWT-SVID'],
  ['kubernetes', 'Kubernetes service account'],
]

/** How Everyhop signs in to Vault. Only references are written: a token never stands in environment.yaml. */
export function VaultSection({
  fields,
  found,
  hasCluster,
  problem,
  leaseMounts,
  onChange,
}: {
  readonly fields: VaultFields
  readonly found: readonly ProposedSource[]
  readonly hasCluster: boolean
  readonly problem: string | undefined
  /** Of the last check; null: not known. */
  readonly leaseMounts: readonly TestedLeaseMount[] | null
  readonly onChange: (fields: VaultFields) => void
}) {
  const set = (part: Partial<VaultFields>) => onChange({ ...fields, ...part })
  const { way } = fields
  return (
    <fieldset className={styles.section} data-testid="vault-section">
      <legend>Vault</legend>
      <FoundServer found={found} hasCluster={hasCluster} />
      <ChoiceField
        label="Sign-in"
        value={way}
        onChange={(chosen) => set({ way: chosen })}
        choices={ways}
        testId="vault-way"
      />
      {way === 'none' ? null : (
        <>
          <TextField
            label="Address"
            value={fields.address}
            onChange={(address) => set({ address })}
            placeholder={hasCluster ? 'empty: the Vault found in the cluster' : 'https://vault.example.org:8200'}
            testId="vault-address"
          />
          <FileField
            label="CA file"
            value={fields.caFile}
            onChange={(caFile) => set({ caFile })}
            placeholder="empty: the authorities of this system"
            testId="vault-ca-file"
          />
          {fields.address === '' && hasCluster ? (
            <TextField
              label="Server name"
              value={fields.serverName}
              onChange={(serverName) => set({ serverName })}
              placeholder="empty: vault, if there is a CA file"
              hint="A name in its certificate. With it, or with a CA file, it is asked over TLS inside of the port-forward."
              testId="vault-server-name"
            />
          ) : null}
          <TextField
            label="Vault namespace"
            value={fields.namespace}
            onChange={(namespace) => set({ namespace })}
            placeholder="empty: none; of Vault Enterprise and HCP"
            testId="vault-namespace"
          />
        </>
      )}
      {way === 'token-file' ? (
        <FileField
          label="Token file"
          value={fields.tokenFile}
          onChange={(tokenFile) => set({ tokenFile })}
          placeholder="vault-token"
          testId="vault-token-file"
        />
      ) : null}
      {way === 'token-secret' ? (
        <KeptToken name={fields.tokenSecret} onChange={(tokenSecret) => set({ tokenSecret })} />
      ) : null}
      {way === 'jwt' || way === 'kubernetes' ? (
        <>
          <TextField
            label="Role"
            value={fields.role}
            onChange={(role) => set({ role })}
            placeholder="everyhop"
            testId="vault-role"
          />
          <TextField
            label="Mount"
            value={fields.mount}
            onChange={(mount) => set({ mount })}
            placeholder={`empty: ${way}`}
            hint="Where the auth method is mounted."
            testId="vault-mount"
          />
          <TextField
            label="Audience"
            value={fields.audience}
            onChange={(audience) => set({ audience })}
            placeholder={way === 'jwt' ? 'empty: vault' : 'empty: the API server’s own'}
            testId="vault-audience"
          />
        </>
      ) : null}
      {way === 'jwt' ? (
        <>
          <TextField
            label="Workload API"
            value={fields.socket}
            onChange={(socket) => set({ socket })}
            placeholder="/run/spire/agent.sock"
            testId="vault-socket"
          />
          <FileField
            label="Or a JWT-SVID file"
            value={fields.jwtFile}
            onChange={(jwtFile) => set({ jwtFile })}
            placeholder="empty: asked for at the Workload API"
            testId="vault-jwt-file"
          />
        </>
      ) : null}
      {way === 'kubernetes' ? (
        <>
          <TextField
            label="Namespace"
            value={fields.serviceAccountNamespace}
            onChange={(serviceAccountNamespace) => set({ serviceAccountNamespace })}
          />
          <TextField
            label="Service account"
            value={fields.serviceAccount}
            onChange={(serviceAccount) => set({ serviceAccount })}
            hint="Its token is asked for at the cluster, for a few minutes each time."
          />
          <FileField
            label="Or a token file"
            value={fields.tokenFile}
            onChange={(tokenFile) => set({ tokenFile })}
            placeholder="empty: asked for at the cluster"
            testId="vault-token-file"
          />
        </>
      ) : null}
      {way === 'none' ? null : (
        <>
          <FileField
            label="Audit log"
            value={fields.auditLog}
            onChange={(auditLog) => set({ auditLog })}
            placeholder="empty: in no file of this computer"
            hint="Which workload holds which lease is learnt from it; from a pod’s log it is learnt by itself."
            testId="vault-audit-log"
          />
          <LeaseMounts
            mounts={leaseMounts}
            listed={fields.listLeasesOf}
            onChange={(listLeasesOf) => set({ listLeasesOf })}
          />
        </>
      )}
      {problem === undefined ? null : (
        <p className={styles.problem} role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  )
}

/** The token goes into the keyring, or under the passphrase; what is written is its name. */
function KeptToken({ name, onChange }: { readonly name: string; readonly onChange: (name: string) => void }) {
  const { client, queries } = useApi()
  const kept = useQuery(queries.secrets.list.queryOptions({ input: {}, retry: false }))
  const [value, setValue] = useState('')
  const { busy, failure, run } = useCommand()
  const isUnset = useSecretsState().data?.condition === 'unset'
  const isKept = (kept.data ?? []).some((line) => line.name === name)
  const keep = () =>
    run(async () => {
      await client.secrets.put({ name, value })
      setValue('')
      await kept.refetch()
    })
  return (
    <>
      <TextField
        label="Kept as"
        value={name}
        onChange={onChange}
        placeholder="vault-token"
        hint={
          isKept
            ? 'A value is kept under this name.'
            : `Nothing is kept under this name yet.${kept.data === undefined || kept.data.length === 0 ? '' : ` Kept: ${kept.data.map((line) => line.name).join(', ')}.`}`
        }
        testId="vault-secret-name"
      />
      {isUnset ? <FirstPassphrase /> : null}
      <div className={styles.field}>
        <label htmlFor="vault-secret-value">{isKept ? 'New token' : 'Token'}</label>
        <div className={styles.inline}>
          <input
            id="vault-secret-value"
            className={styles.input}
            type="password"
            value={value}
            onChange={(event) => setValue(event.target.value)}
            autoComplete="off"
          />
          <Button disabled={busy || isUnset || value === '' || name === ''} onClick={() => void keep()}>
            Keep the token
          </Button>
        </div>
      </div>
      {failure === null ? null : (
        <p className={styles.problem} role="alert">
          {failure}
        </p>
      )}
    </>
  )
}
