import { Clock, PackageCheck } from 'lucide-react'
import { useState } from 'react'
import type { EvidencePlan } from '../../../shared/contract/evidence.ts'
import { type ArtefactId, artefactIds, type Period } from '../../../shared/domain/evidence/model.ts'
import { artefactTitles } from '../../../shared/words/evidence.ts'
import { Button, Chip } from '../../ui/atoms.tsx'
import type { EvidenceAddress } from './address.ts'
import styles from './evidence.module.css'
import type { KeyChoice } from './key-choice.ts'
import { KeyForm } from './key-form.tsx'
import { PathField } from './path-field.tsx'
import { fieldOf, momentOf, monthName, periodWords } from './period.ts'

/** The five of the governance papers come first; the rest is folded. */
const governance = artefactIds.slice(0, 5)

export interface BuildFormProps {
  readonly environment: string
  /** When the period was chosen. */
  readonly now: number
  readonly onNow: () => void
  readonly address: EvidenceAddress
  readonly go: (address: EvidenceAddress) => void
  readonly period: Period
  readonly chosen: readonly ArtefactId[]
  readonly onChosen: (chosen: readonly ArtefactId[]) => void
  readonly frameworks: readonly string[]
  readonly onFrameworks: (frameworks: readonly string[]) => void
  readonly keyChoice: KeyChoice
  readonly onKey: (choice: KeyChoice) => void
  readonly more: { readonly purpose: string; readonly sample: string; readonly nonce: string; readonly out: string }
  readonly onMore: (more: BuildFormProps['more']) => void
  readonly plan: EvidencePlan | undefined
  /** Why it cannot be made yet; null: it can. */
  readonly obstacle: string | null
  readonly running: string | null
  readonly onBuild: () => void
}

/** What the pack is of: period, scope, artefacts, frameworks, key. */
export function BuildForm(props: BuildFormProps) {
  const { environment, plan, chosen, onChosen, more, onMore } = props
  return (
    <form
      className={styles.form}
      aria-label="What the pack is of"
      onSubmit={(event) => {
        event.preventDefault()
        props.onBuild()
      }}
    >
      <PeriodChoice {...props} />
      <section>
        <h2>Scope</h2>
        <dl className={styles.pairs}>
          <dt>Environment</dt>
          <dd>{environment}</dd>
          <dt>Trust domain</dt>
          <dd>
            <code>{plan === undefined ? '…' : plan.trustDomains.join(', ') || 'not known'}</code>
          </dd>
          <dt>Sealed</dt>
          <dd>{plan === undefined ? '…' : sealedWords(plan)}</dd>
        </dl>
      </section>
      <ArtefactChoice chosen={chosen} onChosen={onChosen} plan={plan} />
      <FrameworkChoice {...props} />
      <section>
        <h2>Signed by</h2>
        <KeyForm choice={props.keyChoice} onChange={props.onKey} signing={plan?.signing ?? null} />
      </section>
      <section>
        <h2>For the auditor</h2>
        <div className={styles.fields}>
          <div className={styles.field}>
            <label htmlFor="evidence-purpose">Purpose</label>
            <input
              id="evidence-purpose"
              value={more.purpose}
              maxLength={500}
              placeholder="such as: yearly review, request 14"
              onChange={(event) => onMore({ ...more, purpose: event.target.value })}
            />
          </div>
          <div className={styles.field}>
            <label htmlFor="evidence-sample">Sample of each list</label>
            <input
              id="evidence-sample"
              inputMode="numeric"
              value={more.sample}
              onChange={(event) => onMore({ ...more, sample: event.target.value.replace(/\D/g, '').slice(0, 4) })}
            />
          </div>
          <div className={styles.field}>
            <label htmlFor="evidence-nonce">Seed from the auditor</label>
            <input
              id="evidence-nonce"
              value={more.nonce}
              maxLength={200}
              placeholder="without it one is made, and said to be ours"
              onChange={(event) => onMore({ ...more, nonce: event.target.value })}
            />
          </div>
        </div>
      </section>
      <section>
        <h2>Kept as</h2>
        <PathField
          label="File of the pack (.zip), if not in the data folder"
          value={more.out}
          onChange={(out) => onMore({ ...more, out })}
          placeholder="/srv/audit/pack.zip"
          hint="A file that is there is never overwritten."
          testId="evidence-out"
        />
      </section>
      <section>
        <h2>Redaction</h2>
        <p className={styles.meta}>
          {plan === undefined
            ? '…'
            : `Prompts and model outputs are left out. What looks like a secret was masked before it was kept (rules ${plan.masking.rules}); a pack that still holds one is not made.`}
        </p>
        <Button
          primary
          type="submit"
          className={styles.wide}
          disabled={props.obstacle !== null || props.running !== null}
          title={props.obstacle ?? undefined}
          data-testid="evidence-build"
        >
          {props.running === null ? (
            <>
              <PackageCheck size={14} aria-hidden="true" /> Build pack
            </>
          ) : (
            <>
              <Clock size={14} aria-hidden="true" /> Collecting {props.running}
            </>
          )}
        </Button>
        {props.obstacle === null || props.running !== null ? null : <p className={styles.meta}>{props.obstacle}</p>}
      </section>
    </form>
  )
}

function sealedWords({ heads }: EvidencePlan): string {
  if (heads.sealed === 0 || heads.since === null) return 'nothing yet: integrity begins with the pack'
  return `${heads.sealed.toLocaleString('en-GB')} ${heads.sealed === 1 ? 'head' : 'heads'} since ${new Date(heads.since).toISOString().slice(0, 16).replace('T', ' ')}`
}

function PeriodChoice({ address, go, now, onNow, period }: BuildFormProps) {
  const kind = address.period ?? '24h'
  const choices = [
    ['24h', '24 h'],
    ['7d', '7 d'],
    ['month', monthName(now)],
    ['other', 'Other'],
  ] as const
  return (
    <section>
      <h2>Period</h2>
      <fieldset className={styles.segments}>
        <legend className="visually-hidden">Period</legend>
        {choices.map(([value, words]) => (
          <button
            key={value}
            type="button"
            aria-pressed={kind === value}
            onClick={() => {
              onNow()
              go(
                value === 'other'
                  ? { ...address, period: value, from: period.from, to: period.to }
                  : { ...address, period: value, from: undefined, to: undefined },
              )
            }}
          >
            {words}
          </button>
        ))}
      </fieldset>
      {kind === 'other' ? (
        <div className={styles.fields}>
          {(['from', 'to'] as const).map((end) => (
            <div key={end} className={styles.field}>
              <label htmlFor={`evidence-${end}`}>{end === 'from' ? 'From (UTC)' : 'To (UTC, not included)'}</label>
              <input
                id={`evidence-${end}`}
                type="datetime-local"
                defaultValue={fieldOf(period[end])}
                onChange={(event) => {
                  const at = momentOf(event.target.value)
                  if (at !== undefined) go({ ...address, [end]: at })
                }}
              />
            </div>
          ))}
        </div>
      ) : null}
      <p className={styles.meta} data-testid="evidence-period">
        {periodWords(period)}
      </p>
    </section>
  )
}

function ArtefactChoice({ chosen, onChosen, plan }: Pick<BuildFormProps, 'chosen' | 'onChosen' | 'plan'>) {
  const [open, setOpen] = useState(false)
  const shown = open ? artefactIds : governance
  const toggle = (id: ArtefactId) =>
    onChosen(artefactIds.filter((one) => (one === id ? !chosen.includes(one) : chosen.includes(one))))
  return (
    <section>
      <h2>Artefacts</h2>
      <ul className={styles.checks}>
        {shown.map((id) => (
          <li key={id}>
            <label>
              <input type="checkbox" checked={chosen.includes(id)} onChange={() => toggle(id)} />
              <span>
                {artefactTitles[id]}
                <small>{plan?.artefacts.find((one) => one.id === id)?.from ?? ''}</small>
              </span>
            </label>
          </li>
        ))}
      </ul>
      <button type="button" className={styles.link} aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? 'Fewer artefacts' : `${artefactIds.length - governance.length} more artefacts…`}
      </button>
    </section>
  )
}

function FrameworkChoice({ plan, frameworks, onFrameworks }: BuildFormProps) {
  const all = [...new Set((plan?.controls ?? []).map(({ framework }) => framework))]
  return (
    <section>
      <h2>Map to</h2>
      <div className={styles.chips}>
        {all.map((framework) => {
          const on = !frameworks.includes(framework)
          return (
            <Chip
              key={framework}
              on={on}
              onClick={() =>
                onFrameworks(on ? [...frameworks, framework] : frameworks.filter((one) => one !== framework))
              }
            >
              {framework}
            </Chip>
          )
        })}
      </div>
      <p className={styles.meta}>
        Mappings say which control an artefact supports. They draw no conclusion. The pack always holds all of them.
      </p>
    </section>
  )
}
