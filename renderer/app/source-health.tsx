import { Popover } from '@base-ui/react/popover'
import { Link } from '@tanstack/react-router'
import { CircleCheck, Clock3, SquareDashed, TriangleAlert } from 'lucide-react'
import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { PastPart } from '../../shared/domain/model/view.ts'
import { gapAdvice } from '../../shared/words/gaps.ts'
import { sourceHealthSentence, sourceHealthText, sourceProblemSentence } from '../../shared/words/sources.ts'
import { sourceLabel } from '../../shared/words/states.ts'
import { useLiveNow } from '../api/clock.tsx'
import { usePast } from '../api/history.ts'
import { useSourceHealth } from '../api/hooks.ts'
import { useMoment } from '../api/moment.tsx'
import { viewStateSchema } from '../features/graph/view-state.ts'
import popover from '../ui/popover.module.css'
import styles from './frame.module.css'

const mostShown = 30

/** One item a kind of source. A source that cannot tell is unknown, not failing. */
export function SourceHealthBar({ environment }: { readonly environment: string | null }) {
  const health = useSourceHealth(environment)
  const { shown } = useMoment()
  const past = usePast(environment)
  if (shown !== null) return past === null ? null : <RecordedSources past={past} />
  const configured = (health ?? []).filter((source) => source.configured > 0)
  if (configured.length === 0) return null
  return (
    <ul className={styles.sources} aria-label="Source health">
      {configured.map((source) => (
        <li key={source.source}>
          <Source health={source} />
        </li>
      ))}
    </ul>
  )
}

/** Of the past: which sources were recorded then. What they say now does not matter to it. */
function RecordedSources({ past }: { readonly past: PastPart }) {
  return (
    <ul className={styles.sources} aria-label="Sources recorded then">
      {past.sources.map(({ source, state }) => (
        <li
          key={source}
          className={styles.source}
          data-state={state === 'recorded' ? 'ok' : 'none'}
          data-testid={`recorded-${source}`}
        >
          {state === 'recorded' ? (
            <CircleCheck size={14} aria-hidden="true" />
          ) : (
            <SquareDashed size={14} aria-hidden="true" />
          )}
          <span className={styles.two}>
            <b>{sourceLabel(source)}</b>
            <small>{state === 'recorded' ? 'recorded' : 'not recorded'}</small>
          </span>
        </li>
      ))}
    </ul>
  )
}

function Source({ health }: { readonly health: SourceHealth }) {
  const now = useLiveNow(1000)
  const state = stateOf(health)
  const sentence = sourceHealthSentence(health, now)
  return (
    <Popover.Root>
      <Popover.Trigger
        className={styles.source}
        data-state={state}
        data-testid={`source-${health.source}`}
        aria-label={sentence}
        title={sentence}
      >
        {state === 'ok' ? (
          <CircleCheck size={14} aria-hidden="true" />
        ) : state === 'some' ? (
          <TriangleAlert size={14} aria-hidden="true" />
        ) : state === 'asking' ? (
          <Clock3 size={14} aria-hidden="true" />
        ) : (
          <SquareDashed size={14} aria-hidden="true" />
        )}
        <span className={styles.two}>
          <b>{sourceLabel(health.source)}</b>
          <small>{sourceHealthText(health, now)}</small>
        </span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={8} className={popover.positioner}>
          <Popover.Popup className={popover.popup}>
            <Popover.Title render={<h2 className={styles.title} />}>{sourceLabel(health.source)}</Popover.Title>
            <Popover.Description>{sentence}</Popover.Description>
            <ul className={styles.problems}>
              {health.problems.slice(0, mostShown).map((problem) => (
                <li key={`${problem.instance}/${problem.what}`}>
                  {sourceProblemSentence(problem, now)}
                  <small>{gapAdvice(problem)}</small>
                </li>
              ))}
            </ul>
            <Link to="/environments" search={environmentOf}>
              Connections: check it, and what to ask for
            </Link>
            {health.problems.length > mostShown ? <p>And {health.problems.length - mostShown} more.</p> : null}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}

function environmentOf(before: unknown): { env?: string } {
  const { env } = viewStateSchema.parse(before)
  return env === undefined ? {} : { env }
}

function stateOf(health: SourceHealth): 'ok' | 'some' | 'none' | 'asking' {
  if (health.pending > 0) return 'asking'
  if (health.answering === 0) return 'none'
  return health.answering < health.configured || health.problems.length > 0 ? 'some' : 'ok'
}
