import { FileWarning, Pencil, Plus, Share2, Trash2 } from 'lucide-react'
import type { EnvironmentSummary, SourceHealth } from '../../../shared/contract/environments.ts'
import { sourceKinds } from '../../../shared/domain/model/fact.ts'
import { sourceHealthSentence } from '../../../shared/words/sources.ts'
import { sourceLabel } from '../../../shared/words/states.ts'
import { useLiveNow } from '../../api/clock.tsx'
import { Button, Keys, Tag } from '../../ui/atoms.tsx'
import styles from './environments.module.css'

export interface ListActions {
  readonly onAdd: () => void
  readonly onOpen: (environment: string) => void
  readonly onCheck: (environment: string) => void
  readonly onEdit: (environment: string) => void
  readonly onRemove: (environment: string) => void
}

/** The environments that are written down; a broken one with its place, beside the others. */
export function EnvironmentList({
  environments,
  chosen,
  health,
  actions,
}: {
  readonly environments: readonly EnvironmentSummary[]
  readonly chosen: string | null
  /** Of the chosen one, which is being read; null: not told yet. */
  readonly health: readonly SourceHealth[] | null
  readonly actions: ListActions
}) {
  return (
    <section className={styles.card} aria-labelledby="environments">
      <header className={styles.cardHead}>
        <h2 id="environments">Environments</h2>
        <Button primary onClick={actions.onAdd} data-testid="add-environment">
          <Plus size={14} aria-hidden="true" /> Add an environment <Keys keys={['n']} />
        </Button>
      </header>
      <ul className={styles.list} data-testid="environment-list">
        {environments.map((environment) => (
          <li
            key={environment.file}
            data-production={environment.production}
            data-testid={`environment-${environment.name}`}
          >
            <EnvironmentRow
              environment={environment}
              health={environment.name === chosen ? health : null}
              isChosen={environment.name === chosen}
              actions={actions}
            />
          </li>
        ))}
      </ul>
    </section>
  )
}

function EnvironmentRow({
  environment,
  health,
  isChosen,
  actions,
}: {
  readonly environment: EnvironmentSummary
  readonly health: readonly SourceHealth[] | null
  readonly isChosen: boolean
  readonly actions: ListActions
}) {
  const { name, production, file, problem, sourceCounts } = environment
  const counts = sourceKinds.flatMap((kind) => {
    const count = sourceCounts[kind] ?? 0
    return count === 0 ? [] : [`${sourceLabel(kind)} ${count}`]
  })
  return (
    <>
      <div className={styles.rowHead}>
        <h3>{name}</h3>
        {production ? <Tag tone="warn">Production</Tag> : null}
        {isChosen ? <Tag tone="neutral">Open</Tag> : null}
        <span className={styles.grow} />
        {problem === null ? (
          <>
            <Button small onClick={() => actions.onOpen(name)} aria-label={`Open the graph of ${name}`}>
              <Share2 size={12} aria-hidden="true" /> Graph
            </Button>
            <Button small onClick={() => actions.onCheck(name)} aria-label={`Check ${name}`}>
              Check
            </Button>
            <Button small onClick={() => actions.onEdit(name)} aria-label={`Change ${name}`}>
              <Pencil size={12} aria-hidden="true" /> Change
            </Button>
          </>
        ) : null}
        <Button small onClick={() => actions.onRemove(name)} aria-label={`Remove ${name}…`}>
          <Trash2 size={12} aria-hidden="true" /> Remove…
        </Button>
      </div>
      {problem === null ? (
        <p className={styles.quiet}>{counts.length === 0 ? 'It names no source.' : `Names ${counts.join(', ')}.`}</p>
      ) : (
        <p className={styles.problem} data-testid="environment-problem">
          <FileWarning size={14} aria-hidden="true" /> The file cannot be used
          {problem.line === null ? '' : `, line ${problem.line}, column ${problem.column ?? 1}`}: {problem.message}
        </p>
      )}
      {isChosen && problem === null ? <Health health={health} /> : null}
      {!isChosen && problem === null ? (
        <p className={styles.quiet}>Not read now: how its sources stand is unknown.</p>
      ) : null}
      <p className={styles.quiet}>
        <code>{file}</code>
      </p>
    </>
  )
}

function Health({ health }: { readonly health: readonly SourceHealth[] | null }) {
  const now = useLiveNow(1000)
  const told = (health ?? []).filter(({ configured }) => configured > 0)
  if (told.length === 0) return <p className={styles.quiet}>Its sources have not told anything yet.</p>
  return (
    <ul className={styles.health}>
      {told.map((source) => (
        <li key={source.source}>{sourceHealthSentence(source, now)}</li>
      ))}
    </ul>
  )
}
