import { CircleHelp, OctagonX } from 'lucide-react'
import { useState } from 'react'
import type { FailingHandshake } from '../../../../shared/contract/diagnosis.ts'
import type { ForecastCause } from '../../../../shared/domain/diagnosis/forecast/model.ts'
import { isManyAtOnce } from '../../../../shared/domain/diagnosis/runbooks.ts'
import { countOf, formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { capitalise, transportLabel } from '../../../../shared/words/states.ts'
import { useNow } from '../../../api/clock.tsx'
import { failureSentence } from '../../../api/environments.ts'
import { useFailingHandshakes, useForecast, useHopsOf } from '../../../api/handshakes.ts'
import type { DiagnoseListProps } from '../diagnose-props.ts'
import { LookupField } from '../lookup-field.tsx'
import parts from '../parts.module.css'
import { RunbookLink } from '../runbook/runbook-links.tsx'
import list from '../side-list.module.css'
import { useSingleKeys } from '../use-single-keys.ts'
import { endsOf } from './ends.ts'

/** The left column of the tab Handshakes: a field for any hop, what breaks next, and every hop whose handshakes fail now. */
export function HandshakeList({ environment, address, go, singleKeys, tabs }: DiagnoseListProps) {
  const failing = useFailingHandshakes(environment)
  const { data: forecast } = useForecast(environment)
  const now = useNow(1000)
  const [asked, setAsked] = useState<{ readonly name: string | null; readonly why: string | null }>({
    name: null,
    why: null,
  })
  const hops = failing.data ?? []
  const open = (from: string, to: string) => go({ ...address, tab: 'handshakes', from, to })
  const at = hops.findIndex(({ from, to }) => isEnd(from, address.from) && isEnd(to, address.to))
  const goTo = (index: number) => {
    const next = hops[index]
    if (next !== undefined) open(next.from.workload, next.to.workload)
  }
  useSingleKeys(singleKeys, {
    j: () => goTo(Math.min(hops.length - 1, at + 1)),
    k: () => goTo(Math.max(0, at - 1)),
  })
  const ask = (text: string) => {
    const ends = endsOf(text)
    if (ends.kind === 'ends') {
      setAsked({ name: null, why: null })
      open(ends.from, ends.to)
    } else {
      setAsked(ends.kind === 'one' ? { name: ends.name, why: null } : { name: null, why: ends.why })
    }
  }
  const attempts = hops.reduce((sum, each) => sum + (each.attempts ?? 0), 0)
  return (
    <>
      <LookupField
        key={`${address.from ?? ''} ${address.to ?? ''}`}
        label="Caller and callee: names, SPIFFE IDs, or a hop"
        initial={shortEnds(address.from, address.to)}
        most={4200}
        placeholder="gateway orchestrator"
        failure={asked.why}
        testId="handshake-field"
        onAsk={ask}
      />
      {tabs}
      <div className={list.scroll}>
        <button
          type="button"
          className={`${list.choice} ${list.item}`}
          aria-current={address.from === undefined || address.to === undefined ? 'true' : undefined}
          data-testid="open-forecast"
          onClick={() => go({ ...address, tab: 'handshakes', from: undefined, to: undefined })}
        >
          <span className={list.between}>
            <b>What breaks next</b>
            <span className={parts.quiet}>{nextWords(forecast?.failures[0]?.failsAt ?? null, now)}</span>
          </span>
        </button>
        {asked.name === null ? null : <HopsOf environment={environment} name={asked.name} onOpen={open} />}
        <div className={list.head}>
          <h2 className={parts.capitals}>Failing now</h2>
          <span>{hops.length === 0 ? '' : `${attempts.toLocaleString('en-GB')} in the window`}</span>
        </div>
        {failing.error !== null && failing.data === undefined ? (
          <p className={list.note} role="alert">
            Which handshakes fail cannot be told: {failureSentence(failing.error)}
          </p>
        ) : failing.data === undefined ? (
          <p className={list.note}>Asking the graph.</p>
        ) : hops.length === 0 ? (
          <p className={list.note} data-testid="none-failing">
            No handshake is seen to fail now. A hop that nothing tells of may still fail.
          </p>
        ) : (
          <ul aria-label="Failing handshakes" data-testid="failing-handshakes">
            {hops.map((each, index) => (
              <li key={each.hop}>
                <FailingItem hop={each} now={now} isChosen={index === at} onOpen={open} />
              </li>
            ))}
          </ul>
        )}
        {isManyAtOnce(hops) ? (
          <p className={list.note} data-testid="many-at-once">
            These hops have no workload in common: look for what they share. <RunbookLink runbook="mesh-failure" />
          </p>
        ) : null}
        {sharedCauses(hops, forecast?.causes ?? []).map((sentence) => (
          <p key={sentence} className={list.note}>
            {sentence}
          </p>
        ))}
      </div>
    </>
  )
}

function FailingItem({
  hop: { from, to, since, attempts, summary },
  now,
  isChosen,
  onOpen,
}: {
  readonly hop: FailingHandshake
  readonly now: number
  readonly isChosen: boolean
  readonly onOpen: (from: string, to: string) => void
}) {
  return (
    <button
      type="button"
      className={`${list.choice} ${list.item}`}
      aria-current={isChosen ? 'true' : undefined}
      onClick={() => onOpen(from.workload, to.workload)}
    >
      <span className={list.between}>
        <b>
          {from.name} → {to.name}
        </b>
        <span className={parts.quiet}>{since === null ? '' : formatClock(since, now)}</span>
      </span>
      <span className={list.between}>
        <span className={`${parts.state} ${parts.toned}`} data-tone="fail">
          <OctagonX size={14} aria-hidden="true" /> Handshake failing
        </span>
        <span className={parts.quiet}>{attempts === null ? '?' : `×${attempts.toLocaleString('en-GB')}`}</span>
      </span>
      <small>{reasonSentence(summary)}</small>
    </button>
  )
}

/** Every hop that one name stands for, whatever its state: to choose from. */
function HopsOf({
  environment,
  name,
  onOpen,
}: {
  readonly environment: string
  readonly name: string
  readonly onOpen: (from: string, to: string) => void
}) {
  const { data } = useHopsOf(environment, name)
  if (data === undefined) return null
  const names = new Map(data.nodes.map((node) => [node.id, node.type === 'workload' ? node.workload.name : node.name]))
  const nodes = new Set(data.nodes.flatMap((node) => (node.matches ? [node.id] : [])))
  const hops = data.edges.flatMap((edge) =>
    edge.type === 'hop' && (nodes.has(edge.from) || nodes.has(edge.to)) ? [edge] : [],
  )
  return (
    <>
      <div className={list.head}>
        <h2 className={parts.capitals}>Hops of “{name}”</h2>
        <span>{hops.length}</span>
      </div>
      {data.filterProblem !== null || hops.length === 0 ? (
        <p className={list.note}>No workload of that name has a hop.</p>
      ) : (
        <ul aria-label={`Hops of ${name}`}>
          {hops.slice(0, 50).map((hop) => (
            <li key={hop.id}>
              <button type="button" className={`${list.choice} ${list.item}`} onClick={() => onOpen(hop.from, hop.to)}>
                <b>
                  {names.get(hop.from) ?? hop.from} → {names.get(hop.to) ?? hop.to}
                </b>
                <small>
                  {hop.hop.transport.state === 'unknown' ? <CircleHelp size={12} aria-hidden="true" /> : null}
                  {capitalise(transportLabel(hop.hop.transport.state))}
                </small>
              </button>
            </li>
          ))}
        </ul>
      )}
      {hops.length > 50 ? <p className={list.note}>{hops.length - 50} more: name both ends.</p> : null}
    </>
  )
}

function isEnd(end: FailingHandshake['from'], asked: string | undefined): boolean {
  return asked === end.workload || asked === end.name || `workload/${asked ?? ''}` === end.workload
}

/** As somebody would have written it: without what only the graph's ids have. */
function shortEnds(from: string | undefined, to: string | undefined): string {
  if (from === undefined || to === undefined) return ''
  const name = (id: string): string => (id.startsWith('workload/') ? (id.split('/').at(-1) ?? id) : id)
  return `${name(from)} ${name(to)}`
}

function nextWords(failsAt: number | null, now: number): string {
  if (failsAt === null) return ''
  return failsAt <= now ? 'failing' : `in ${formatDuration(failsAt - now)}`
}

/** "2 of them share one cause: …" */
function sharedCauses(hops: readonly FailingHandshake[], causes: readonly ForecastCause[]): readonly string[] {
  return causes.flatMap((cause) => {
    const count = hops.filter(({ hop }) => cause.hops.includes(hop)).length
    return count < 2 ? [] : [`${countOf(count, 'of them shares', 'of them share')} one cause: ${cause.name}.`]
  })
}
