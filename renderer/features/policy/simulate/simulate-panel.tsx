import { useEffect, useEffectEvent, useState } from 'react'
import type { PolicySubject } from '../../../../shared/contract/policy.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import { maskedSentence } from '../../../../shared/words/policy.ts'
import { useNow } from '../../../api/clock.tsx'
import { failureSentence } from '../../../api/environments.ts'
import { Chip } from '../../../ui/atoms.tsx'
import { diagnoseLink } from '../links.ts'
import type { SimulatePanelProps } from '../panel-props.ts'
import { CoverageView } from './coverage-view.tsx'
import { DecisionView } from './decision-view.tsx'
import { InputFormView } from './input-form.tsx'
import { RecordedInput } from './recorded-input.tsx'
import { SaveAsTest } from './save-as-test.tsx'
import styles from './simulate.module.css'
import { TraceView } from './trace-view.tsx'
import { type SimulationInput, useInput } from './use-input.ts'
import { useSimulation } from './use-simulation.ts'

const tabs = [
  { id: 'decision', words: 'Decision' },
  { id: 'trace', words: 'Trace' },
  { id: 'coverage', words: 'Coverage' },
] as const
const ways = [
  { id: 'form', words: 'Form' },
  { id: 'recorded', words: 'Recorded' },
  { id: 'json', words: 'JSON' },
] as const

/** What a request would be answered: deployed against draft, with why. */
export function SimulatePanel(props: SimulatePanelProps) {
  const { environment, bundle, draft, live, address, onReveal, onValues, onInput } = props
  const [tab, setTab] = useState<(typeof tabs)[number]['id']>('decision')
  const input = useInput(environment, { decision: address.decision, hop: address.hop })
  const deployed = deployedSubject(props)
  const simulation = useSimulation(
    { environment, bundle: bundle.name, deployed, draft },
    input.made.ok ? input.made.input : undefined,
  )
  const shown = input.made.ok ? simulation.answer : null
  const explanation = input.made.ok ? simulation.explanation : null
  const tellEditor = useEffectEvent(() => {
    onInput(input.made.ok ? input.made.input : undefined)
    onValues(explanation?.draft ?? (draft === null ? (explanation?.deployed ?? null) : null))
  })
  const made = input.made.ok ? JSON.stringify(input.made.input) : null
  useEffect(() => tellEditor(), [made, explanation])
  return (
    <div className={styles.panel} data-testid="simulate-panel" data-busy={simulation.isBusy}>
      <header className={styles.head}>
        <h2>Simulate</h2>
        <span className={styles.grow} />
        <span className={styles.tabs} role="group" aria-label="What is shown">
          {tabs.map(({ id, words }) => (
            <Chip key={id} on={tab === id} onClick={() => setTab(id)} data-testid={`simulate-${id}`}>
              {words}
            </Chip>
          ))}
        </span>
      </header>
      <section>
        <div className={styles.line}>
          <h3>Input</h3>
          <span className={styles.grow} />
          <span className={styles.tabs} role="group" aria-label="Input from">
            {ways.map(({ id, words }) => (
              <Chip key={id} on={input.way === id} onClick={() => input.choose(id)} data-testid={`input-${id}`}>
                {words}
              </Chip>
            ))}
          </span>
        </div>
        <OriginLine input={input} environment={environment} />
        {input.way === 'form' ? (
          <InputFormView environment={environment} input={input} />
        ) : input.way === 'recorded' ? (
          <RecordedInput environment={environment} input={input} />
        ) : (
          <textarea
            className={styles.json}
            aria-label="Input as JSON"
            spellCheck={false}
            value={input.text}
            onChange={(event) => input.changeText(event.target.value)}
            data-testid="input-text"
          />
        )}
        {input.failure === null ? null : (
          <p className={styles.problem} role="alert">
            {input.failure}
          </p>
        )}
        {input.made.ok ? null : (
          <p className={input.made.field === 'nothing' ? styles.quiet : styles.problem}>{input.made.problem}</p>
        )}
        {maskedSentence(input.masked) === null ? null : (
          <p className={styles.masked} data-testid="masked" title={input.masked.join('\n')}>
            {maskedSentence(input.masked)} {lastParts(input.masked)}
          </p>
        )}
      </section>
      {simulation.error === null ? null : (
        <p className={styles.problem} role="alert">
          {failureSentence(simulation.error)}
        </p>
      )}
      {shown === null ? null : tab === 'decision' ? (
        <DecisionView simulation={shown} live={live} draft={draft} onReveal={onReveal} />
      ) : tab === 'trace' && explanation !== null ? (
        <TraceView simulation={explanation} onReveal={onReveal} />
      ) : null}
      {tab === 'coverage' ? (
        <CoverageView draft={draft} evaluation={explanation?.draft ?? null} onReveal={onReveal} />
      ) : null}
      {shown === null || !input.made.ok ? null : (
        <SaveAsTest
          draft={draft}
          decisionPath={bundle.decisionPath}
          input={input.made.input}
          masked={input.masked}
          evaluation={shown.draft ?? shown.deployed}
          onReveal={onReveal}
        />
      )}
    </div>
  )
}

/** "From the decision log, 11:47:32 · e07c…41". */
function OriginLine({ input, environment }: { readonly input: SimulationInput; readonly environment: string }) {
  const now = useNow(10_000)
  const { origin, way } = input
  if (origin === null || way === 'json') return null
  const id = 'decisionId' in origin.from ? origin.from.decisionId : null
  return (
    <p className={styles.line} data-testid="origin">
      <span className={styles.quiet}>
        {origin.at === null
          ? 'No request of this hop is recorded: only who calls whom is known.'
          : `From the decision log, ${formatClock(origin.at, now)}${origin.revision === null ? '' : `, decided by ${origin.revision}`}`}
      </span>
      <span className={styles.grow} />
      {id === null ? null : (
        <>
          <code title={id}>{id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-2)}` : id}</code>
          <a href={diagnoseLink(environment, id)} data-testid="diagnose-decision">
            Diagnose this request
          </a>
        </>
      )}
    </p>
  )
}

/** "x-user-token, certificate": the whole pointers are in the tooltip. */
function lastParts(pointers: readonly string[]): string {
  return pointers.map((pointer) => pointer.split('/').at(-1) ?? pointer).join(', ')
}

/** What is live in the store; where that is not known, what an OPA says it has. */
function deployedSubject({ live, bundle }: SimulatePanelProps): PolicySubject | null {
  if (live !== null) return { revision: live.revision, digest: live.digest }
  for (const { activeRevision } of bundle.opas) {
    if (activeRevision.known && activeRevision.value !== null && activeRevision.value !== '')
      return { revision: activeRevision.value, digest: null }
  }
  return null
}
