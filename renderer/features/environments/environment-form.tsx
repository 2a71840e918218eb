import { useState } from 'react'
import type { ProgramQuestion, Proposal, ProposedSource } from '../../../shared/contract/environment-setup.ts'
import type { TestedLeaseMount } from '../../../shared/contract/lease-mounts.ts'
import { discoverySentence } from '../../../shared/words/discovery.ts'
import { countOf } from '../../../shared/words/durations.ts'
import { programQuestionSentence, proposedUseWords } from '../../../shared/words/environment-setup.ts'
import { gapReasonPhrase } from '../../../shared/words/gaps.ts'
import { Button } from '../../ui/atoms.tsx'
import type { Form, FormProblems } from './draft-form.ts'
import styles from './environments.module.css'
import { ChoiceField, FileField, TextField, ToldField } from './fields.tsx'
import { ProgramDialog } from './program-dialog.tsx'
import { SpireSection } from './spire-fields.tsx'
import { VaultSection } from './vault-fields.tsx'

/** Everything about an environment that is not found by itself. */
export function EnvironmentForm({
  form,
  problems,
  proposal,
  leaseMounts,
  question,
  onAllow,
  onChange,
}: {
  readonly form: Form
  readonly problems: FormProblems
  /** What was found in the cluster; null: an environment that is changed. */
  readonly proposal: Proposal | null
  /** Of the Vault of this form, by its last check; null: not known. */
  readonly leaseMounts: readonly TestedLeaseMount[] | null
  /** A program of its kubeconfig that nobody allowed as it is now; null: none. */
  readonly question: ProgramQuestion | null
  readonly onAllow: (question: ProgramQuestion) => void
  readonly onChange: (form: Form) => void
}) {
  const { sources } = form.base
  const [cluster] = sources.kubernetes ?? []
  const found = proposal?.found ?? []
  const of = (kind: string) => found.filter((one) => one.kind === kind)
  return (
    <div className={styles.form}>
      <TextField
        label="Name"
        value={form.name}
        onChange={(name) => onChange({ ...form, name })}
        problem={problems['name']}
        testId="environment-name"
      />
      <ChoiceField
        label="Kind"
        value={form.production ? 'production' : 'other'}
        onChange={(kind) => onChange({ ...form, production: kind === 'production' })}
        choices={[
          ['other', 'Not production'],
          ['production', 'Production'],
        ]}
        hint="Production is marked in amber wherever it is open."
        testId="environment-kind"
      />
      <FileField
        label="Intent"
        extensions={['yaml', 'yml']}
        value={form.intent}
        onChange={(intent) => onChange({ ...form, intent })}
        placeholder="empty: what should be is not written down"
        hint="Path of an intent.yaml: zones, stages, and who may call whom."
        problem={problems['intent']}
        testId="environment-intent"
      />
      {cluster === undefined ? null : (
        <fieldset className={styles.section}>
          <legend>Kubernetes</legend>
          <ToldField label="Context">
            <code>{cluster.context ?? (cluster.inCluster === true ? 'in-cluster' : 'the current context')}</code>
            {cluster.kubeconfig === undefined ? null : (
              <small className={styles.line}>
                <code>{cluster.kubeconfig}</code>
              </small>
            )}
            {question !== null ? (
              <AskedHere key={question.program.mark} question={question} onAllow={onAllow} />
            ) : typeof cluster.allowExec === 'string' ? (
              <small className={styles.line}>Its credential program is allowed to run, as it was shown.</small>
            ) : null}
          </ToldField>
          <TextField
            label="Namespaces"
            value={form.namespaces}
            onChange={(namespaces) => onChange({ ...form, namespaces })}
            placeholder="all of them"
            hint={
              proposal === null || proposal.namespaces.length === 0
                ? 'Only for rights that are given by namespace.'
                : `Something was found in ${proposal.namespaces.join(', ')}.`
            }
            problem={problems['namespaces']}
            testId="environment-namespaces"
          />
        </fieldset>
      )}
      <SpireSection
        fields={form.spire}
        found={of('spire')}
        hasCluster={cluster !== undefined}
        problem={problems['spire']}
        onChange={(spire) => onChange({ ...form, spire })}
      />
      <VaultSection
        fields={form.vault}
        found={of('vault')}
        hasCluster={cluster !== undefined}
        problem={problems['vault']}
        leaseMounts={leaseMounts}
        onChange={(vault) => onChange({ ...form, vault })}
      />
      <fieldset className={styles.section}>
        <legend>OPA and Envoy</legend>
        {proposal === null ? (
          <ToldField label="Sources">
            {countOf(sources.envoy?.length ?? 0, 'Envoy')}, {countOf(sources.opa?.length ?? 0, 'OPA')} and{' '}
            {countOf(sources.logs?.length ?? 0, 'log')} by address or file
            {cluster === undefined ? '.' : ', and all that is found in the cluster.'} Change those that have an address
            in the file.
          </ToldField>
        ) : (
          <Found proposal={proposal} />
        )}
      </fieldset>
      {problems['other'] === undefined ? null : (
        <p className={styles.problem} role="alert">
          {problems['other']}
        </p>
      )}
    </div>
  )
}

/** A kubeconfig that changed since its program was allowed, or of before programs were remembered. */
function AskedHere({
  question,
  onAllow,
}: {
  readonly question: ProgramQuestion
  readonly onAllow: (question: ProgramQuestion) => void
}) {
  const [shows, setShows] = useState(false)
  const why = programQuestionSentence(question)
  return (
    <>
      <p className={styles.problem} role="alert">
        {why}
      </p>
      <Button small onClick={() => setShows(true)}>
        Look at it…
      </Button>
      {shows ? (
        <ProgramDialog
          asked={question}
          why={why}
          onClose={() => setShows(false)}
          onAllow={() => {
            setShows(false)
            onAllow(question)
          }}
        />
      ) : null}
    </>
  )
}

function Found({ proposal }: { readonly proposal: Proposal }) {
  const { cluster, found, foundCount } = proposal
  if (!cluster.read) {
    return (
      <div role="alert" data-testid="cluster-not-read">
        <p>
          The pods of this cluster could not be read, {gapReasonPhrase(cluster.reason)}: what runs there is unknown.
        </p>
        <pre className={styles.literal}>{cluster.detail}</pre>
      </div>
    )
  }
  if (found.length === 0)
    return (
      <p>The pods were read. None of them runs an Envoy, an OPA, a SPIRE server or a Vault that Everyhop recognises.</p>
    )
  const kinds = Map.groupBy(found, ({ kind }) => kind)
  return (
    <div data-testid="found">
      <ToldField label="Found">
        {[...kinds].map(([kind, all]) => `${kind} ${all.length}`).join(', ')}
        {foundCount > found.length ? `; the first ${found.length} of ${foundCount} are listed` : ''}
      </ToldField>
      <details>
        <summary>What was found, and why it was taken for that</summary>
        <ul className={styles.found}>
          {found.map((one) => (
            <FoundLine key={`${one.kind} ${one.id}`} source={one} />
          ))}
        </ul>
      </details>
    </div>
  )
}

function FoundLine({ source }: { readonly source: ProposedSource }) {
  const { kind, namespace, pod, container, reason, use } = source
  return (
    <li>
      <b>
        {namespace}/{pod}
      </b>{' '}
      container {container}: {discoverySentence(kind, reason)}. {startOfSentence(proposedUseWords(use))}.
    </li>
  )
}

function startOfSentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
