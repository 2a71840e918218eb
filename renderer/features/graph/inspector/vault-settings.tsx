import type { ReactNode } from 'react'
import type { Known } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import type { VaultListed, VaultSettings, VaultTokenView } from '../../../../shared/domain/model/vault-settings.ts'
import { countOf } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import {
  capabilitiesText,
  moreOf,
  mountTtl,
  policiesText,
  policyText,
  roleSubjects,
  roleTtl,
} from '../../../../shared/words/vault-settings.ts'
import styles from './inspector.module.css'
import { Breakable, Expiry, FactRow, Section } from './rows.tsx'

/** The token that Everyhop itself holds: whether it lasts, and what it may do. */
export function OwnToken({ token, now }: { readonly token: VaultSettings['token']; readonly now: EpochMs }) {
  const part = <Value,>(of: (value: VaultTokenView) => Value): Known<Value> =>
    token.known ? { ...token, value: of(token.value) } : token
  const all = token.known ? token.value.capabilities : []
  const lacking = all.filter(({ capabilities }) => capabilitiesText(capabilities) === 'nothing')
  return (
    <Section title="Everyhop’s own token">
      <FactRow of="token" label="Ends" known={part(({ expiresAt }) => expiresAt)} now={now}>
        {(at) => (at === null ? 'never' : <Expiry at={at} now={now} />)}
      </FactRow>
      <FactRow of="token" label="Renewable" known={part(({ renewable }) => renewable)} now={now}>
        {(is) => (is ? 'yes' : 'no')}
      </FactRow>
      <FactRow of="token" label="Policies" known={part(({ policies }) => policies)} now={now}>
        {(policies) => (policies.length === 0 ? 'none' : policies.join(', '))}
      </FactRow>
      <FactRow of="token" label="Name" known={part(({ displayName }) => displayName)} now={now}>
        {(name) => <Breakable text={name} />}
      </FactRow>
      {all.length === 0 ? null : (
        <details className={styles.rests} data-testid="token-capabilities">
          <summary>
            May read {all.length - lacking.length} of {countOf(all.length, 'path')}
            {lacking.length === 0 ? '' : `, ${lacking.length} denied`}
          </summary>
          {[...lacking, ...all.filter((one) => !lacking.includes(one))].map(({ path, capabilities }) => (
            <FactRow
              key={path}
              of={`token/${path}`}
              label={capabilitiesText(capabilities)}
              known={part(() => path)}
              now={now}
            >
              {(asked) => <Breakable text={asked} />}
            </FactRow>
          ))}
        </details>
      )}
    </Section>
  )
}

/** Engines, auth methods, roles and policies, folded: a person looks one of them up. */
export function SetUp({ settings, now }: { readonly settings: VaultSettings; readonly now: EpochMs }) {
  const { mounts, authMethods, roles, policies } = settings
  return (
    <Section title="How it is set up">
      <Listed what="secrets engine" listed={mounts} keyOf={({ path }) => path}>
        {(known, { path, type, listAllowed }) => (
          <FactRow of={path} label={type} known={known} now={now}>
            {(mount) => (
              <Lines
                name={mount.path}
                lines={[mountTtl(mount), ...(listAllowed ? ['its leases are listed every 5 minutes'] : [])]}
              />
            )}
          </FactRow>
        )}
      </Listed>
      <Listed what="auth method" listed={authMethods} keyOf={({ path }) => path}>
        {(known, { path, type }) => (
          <FactRow of={`auth/${path}`} label={type} known={known} now={now}>
            {(method) => <Lines name={`auth/${method.path}`} lines={[]} />}
          </FactRow>
        )}
      </Listed>
      <Listed what="role" listed={roles} keyOf={({ mount, name }) => `${mount}${name}`}>
        {(known, { mount, name }) => (
          <FactRow of={mount} label={name} known={known} now={now}>
            {(role) => (
              <Lines
                name={role.mount}
                lines={[
                  roleTtl(role),
                  ...(role.policies.length === 0 ? [] : [policiesText(role.policies)]),
                  roleSubjects(role),
                ]}
              />
            )}
          </FactRow>
        )}
      </Listed>
      <Listed what="policy" plural="policies" listed={policies} keyOf={({ name }) => name}>
        {(known, { name }) => (
          <FactRow of="policy" label={name} known={known} now={now}>
            {(policy) => (
              <>
                {policyText(policy)}
                {(policy.rules ?? []).map(({ path, capabilities }) => (
                  <span key={path} className={styles.rule}>
                    <Breakable text={path} /> <span className={styles.quiet}>{capabilitiesText(capabilities)}</span>
                  </span>
                ))}
                {policy.rulesTotal > (policy.rules ?? []).length ? (
                  <span className={styles.rule}>and {policy.rulesTotal - (policy.rules ?? []).length} more</span>
                ) : null}
              </>
            )}
          </FactRow>
        )}
      </Listed>
    </Section>
  )
}

function Listed<Item>({
  what,
  plural = `${what}s`,
  listed,
  keyOf,
  children,
}: {
  readonly what: string
  readonly plural?: string
  readonly listed: VaultListed<Item>
  readonly keyOf: (item: Item) => string
  readonly children: (known: Known<Item>, item: Item) => ReactNode
}) {
  const { items, total, gap } = listed
  const more = moreOf(listed)
  return (
    <>
      {total === 0 && gap !== null ? null : (
        <details className={styles.rests} data-testid={`vault-${plural.replace(' ', '-')}`}>
          <summary>
            {total.toLocaleString('en-GB')} {total === 1 ? what : plural}
          </summary>
          {items.map((known) =>
            known.known ? <div key={keyOf(known.value)}>{children(known, known.value)}</div> : null,
          )}
          {more === null ? null : <p className={styles.sentence}>{more}</p>}
        </details>
      )}
      {gap === null ? null : <p className={styles.missing}>{reasonSentence(gap)}</p>}
    </>
  )
}

function Lines({ name, lines }: { readonly name: string; readonly lines: readonly (string | null)[] }) {
  return (
    <>
      <Breakable text={name} />
      {lines.map((line) =>
        line === null ? null : (
          <span key={line} className={styles.rule}>
            <span className={styles.quiet}>{line}</span>
          </span>
        ),
      )}
    </>
  )
}
