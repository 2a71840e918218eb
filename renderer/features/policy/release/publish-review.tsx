import { CircleCheck, CircleHelp, FileMinus, FilePen, FilePlus, Info, OctagonX, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { ChangeMode } from '../../../../shared/contract/changes.ts'
import type { PublishGate, PublishPlan } from '../../../../shared/contract/policy.ts'
import type { FileDifference } from '../../../../shared/domain/model/policy.ts'
import { countOf, formatClock } from '../../../../shared/words/durations.ts'
import {
  differenceCounts,
  gateLabel,
  gateOutcome,
  publishWarning,
  revisionName,
} from '../../../../shared/words/policy.ts'
import { useChangeModeCommands } from '../../../api/changes.ts'
import { failureSentence } from '../../../api/environments.ts'
import { Button } from '../../../ui/atoms.tsx'
import { ChangeModeDialog } from '../../../ui/change-mode-dialog.tsx'
import styles from './publish-dialog.module.css'
import type { PlanQuery } from './use-plan.ts'

const icon = { size: 15, 'aria-hidden': true }

/** What changes, what must hold, what is uncertain; in this order. */
export function PublishReview({
  environment,
  bundle,
  plan,
  mode,
  accepted,
  onAccept,
}: {
  readonly environment: string
  readonly bundle: string
  readonly plan: PlanQuery
  readonly mode: ChangeMode | null
  /** Codes of the warnings that somebody said they have read. */
  readonly accepted: readonly string[]
  readonly onAccept: (accepted: readonly string[]) => void
}) {
  if (plan.error !== null) {
    return (
      <section role="alert" className={styles.problem}>
        <p>What would change cannot be told, so it cannot be published.</p>
        <p>{failureSentence(plan.error)}</p>
        <Button small onClick={() => void plan.refetch()}>
          Try again
        </Button>
      </section>
    )
  }
  if (plan.data === undefined || plan.isFetching) {
    return (
      <section role="status">
        <p>Building the bundle, checking it and looking at the store…</p>
      </section>
    )
  }
  return (
    <>
      <Changes plan={plan.data} bundle={bundle} />
      <Gates environment={environment} plan={plan.data} mode={mode} />
      <Warnings plan={plan.data} accepted={accepted} onAccept={onAccept} />
    </>
  )
}

function Changes({ plan, bundle }: { readonly plan: PublishPlan; readonly bundle: string }) {
  const { from, to, differences, opas } = plan
  return (
    <section>
      <h3>What changes</h3>
      <table className={styles.rows} data-testid="plan-changes">
        <tbody>
          <tr>
            <td className={styles.info}>
              <Info {...icon} /> {from === null ? 'first revision' : `${revisionName(from)} → ${revisionName(to)}`}
            </td>
            <td>{bundle}</td>
            <td>{differenceCounts(differences)}</td>
          </tr>
          {differences?.map((each) => (
            <tr key={each.path}>
              <td>
                <FileIcon change={each.change} /> {each.change}
              </td>
              <td>
                <code>{each.path}</code>
              </td>
              <td>
                {each.before === null && each.after === null
                  ? 'too long or no text'
                  : `+${each.added} −${each.removed}`}
              </td>
            </tr>
          ))}
          <tr>
            <td className={styles.info}>
              <Info {...icon} /> {countOf(opas.length, 'OPA instance')}
            </td>
            <td colSpan={2}>{opas.length === 0 ? 'none is known' : opas.join(', ')}</td>
          </tr>
        </tbody>
      </table>
      <p className={styles.quiet}>
        Which requests are newly allowed or denied is not known: nothing was replayed. Single requests can be simulated
        beside the editor.
      </p>
    </section>
  )
}

function FileIcon({ change }: { readonly change: FileDifference['change'] }) {
  return change === 'added' ? (
    <FilePlus {...icon} />
  ) : change === 'removed' ? (
    <FileMinus {...icon} />
  ) : (
    <FilePen {...icon} />
  )
}

function Gates({
  environment,
  plan,
  mode,
}: {
  readonly environment: string
  readonly plan: PublishPlan
  readonly mode: ChangeMode | null
}) {
  const { enable } = useChangeModeCommands(environment)
  const [asking, setAsking] = useState(false)
  const until = mode?.until ?? null
  // It may have been turned on, or have run out, since the plan was made.
  const gates = plan.gates.map(
    (gate): PublishGate =>
      gate.gate !== 'change-mode'
        ? gate
        : {
            ...gate,
            outcome: until === null ? 'failed' : 'passed',
            detail: until === null ? `Everyhop only reads ${environment} now.` : `on until ${formatClock(until)} UTC`,
          },
  )
  return (
    <section>
      <h3>What must hold</h3>
      <ul className={styles.gates}>
        {gates.map((gate) => (
          <li key={gate.gate} data-outcome={gate.outcome} data-blocks={gate.blocks} data-testid={`gate-${gate.gate}`}>
            {gate.outcome === 'passed' ? (
              <CircleCheck {...icon} />
            ) : gate.outcome === 'not-evaluated' ? (
              <CircleHelp {...icon} />
            ) : gate.blocks ? (
              <OctagonX {...icon} />
            ) : (
              <TriangleAlert {...icon} />
            )}
            <b>{gateLabel(gate.gate)}</b>
            <span className={styles.outcome}>{gateOutcome(gate)}</span>
            <span className={styles.detail}>{gate.detail}</span>
            {gate.gate === 'change-mode' && until === null ? (
              <Button small onClick={() => setAsking(true)} data-testid="turn-on-change-mode">
                Turn on change mode…
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      {asking && mode !== null ? (
        <ChangeModeDialog
          environment={environment}
          production={mode.production}
          isOn={until !== null}
          onEnable={(minutes, typed) => enable(minutes, typed).then(() => null, failureSentence)}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </section>
  )
}

function Warnings({
  plan,
  accepted,
  onAccept,
}: {
  readonly plan: PublishPlan
  readonly accepted: readonly string[]
  readonly onAccept: (accepted: readonly string[]) => void
}) {
  const accept = (code: string, isRead: boolean) => {
    const others = accepted.filter((each) => each !== code)
    onAccept(isRead ? [...others, code] : others)
  }
  if (plan.warnings.length === 0) return null
  return (
    <section>
      <h3>Before you go on</h3>
      <ul className={styles.warnings} data-testid="plan-warnings">
        {plan.warnings.map((warning) => {
          const { title, detail } = publishWarning(warning)
          return (
            <li key={`${warning.code} ${title} ${detail}`}>
              <TriangleAlert {...icon} />
              <div>
                <p>{title}</p>
                <p className={styles.quiet}>{detail}</p>
                {warning.mustBeAccepted ? (
                  <label className={styles.accept}>
                    <input
                      type="checkbox"
                      checked={accepted.includes(warning.code)}
                      onChange={(event) => accept(warning.code, event.target.checked)}
                      data-testid={`accept-${warning.code}`}
                    />
                    I have read this; it may be published without it.
                  </label>
                ) : null}
              </div>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
