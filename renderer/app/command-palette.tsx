import { Dialog } from '@base-ui/react/dialog'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { Activity, ArrowRight, Search } from 'lucide-react'
import { useState } from 'react'
import type { Found } from '../../shared/contract/graph.ts'
import { countOf, formatClock } from '../../shared/words/durations.ts'
import { transportPhrase } from '../../shared/words/hop-sentences.ts'
import { workloadStateLabel } from '../../shared/words/states.ts'
import { useApi } from '../api/api-context.tsx'
import { useNow } from '../api/clock.tsx'
import { failureSentence } from '../api/environments.ts'
import { useScope } from '../api/moment.tsx'
import { KindIcon } from '../features/graph/icons.tsx'
import { transportTone, workloadTone } from '../features/graph/looks.ts'
import { Keys } from '../ui/atoms.tsx'
import { startOfRow } from '../ui/capitals.ts'
import popover from '../ui/popover.module.css'
import styles from './overlays.module.css'
import { TimeCommands } from './time-commands.tsx'

const nothing = { workloads: [], hops: [], total: { workloads: 0, hops: 0 } }

/** Search over workloads, SPIFFE IDs and hops, which it selects on the graph; an id of a request leads to its diagnosis. */
export function CommandPalette({
  environment,
  open,
  onOpenChange,
  onTime,
  onSnapshot,
}: {
  readonly environment: string | null
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
  readonly onTime: () => void
  readonly onSnapshot: () => void
}) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={popover.dialog} aria-label="Search">
          {environment === null ? (
            <p className={styles.empty}>There is nothing to search: no environment is open.</p>
          ) : (
            <Palette
              environment={environment}
              onDone={() => onOpenChange(false)}
              onTime={onTime}
              onSnapshot={onSnapshot}
            />
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Palette({
  environment,
  onDone,
  onTime,
  onSnapshot,
}: {
  readonly environment: string
  readonly onDone: () => void
  readonly onTime: () => void
  readonly onSnapshot: () => void
}) {
  const [typed, setTyped] = useState('')
  const { queries } = useApi()
  // The service searches: a folded view holds only what is drawn of a large graph.
  const scope = useScope(environment)
  const { data, error, isPlaceholderData } = useQuery(
    queries.graph.search.queryOptions({ input: { ...scope, text: typed }, placeholderData: keepPreviousData }),
  )
  const now = useNow(10_000)
  const navigate = useNavigate()
  const found: Pick<Found, 'workloads' | 'hops' | 'total'> = data ?? nothing
  const leftOut = {
    workloads: found.total.workloads - found.workloads.length,
    hops: found.total.hops - found.hops.length,
  }
  const asked = diagnosisOf(typed)
  const diagnose = () => {
    const id = asked === 'screen' || asked === null ? {} : { id: asked.id }
    void navigate({ to: '/diagnose', search: { env: environment, ...id } })
    onDone()
  }
  const choose = (id: string) => {
    void navigate({ to: '/graph', search: (before) => ({ ...before, env: environment, selected: id }) })
    onDone()
  }
  return (
    <Command label="Search" shouldFilter={false}>
      <div className={styles.query}>
        <Search size={16} aria-hidden="true" />
        <Command.Input
          value={typed}
          onValueChange={setTyped}
          placeholder="Search workloads, SPIFFE IDs, hops, request ids"
          autoFocus
          maxLength={200}
        />
        <span>as of {formatClock(data?.asOf ?? now)}</span>
      </div>
      <Command.List className={styles.list}>
        <Command.Empty className={styles.empty}>
          {error !== null
            ? failureSentence(error)
            : data === undefined || isPlaceholderData
              ? 'Searching'
              : `Nothing is called “${typed}”.`}
        </Command.Empty>
        {found.workloads.length === 0 ? null : (
          <Command.Group heading="Workloads">
            {found.workloads.map((workload) => (
              <Command.Item key={workload.id} value={workload.id} onSelect={choose}>
                <KindIcon kind={workload.stage.kind} size={16} />
                <span className={styles.grow}>
                  {workload.name}{' '}
                  <small>{workload.spiffeId.known ? workload.spiffeId.value : workload.identityLabel}</small>
                </span>
                <b data-tone={workloadTone(workload.state.state)}>
                  {startOfRow(workloadStateLabel(workload.state.state))}
                </b>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {found.hops.length === 0 ? null : (
          <Command.Group heading="Hops">
            {found.hops.map(({ hop, from, to }) => (
              <Command.Item key={hop.id} value={hop.id} onSelect={choose}>
                <ArrowRight size={16} aria-hidden="true" />
                <span className={styles.grow}>
                  {from} → {to}
                </span>
                <b data-tone={transportTone(hop.transport.state)}>{startOfRow(transportPhrase(hop, now))}</b>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        <TimeCommands typed={typed} onDone={onDone} onTime={onTime} onSnapshot={onSnapshot} />
        {asked === null ? null : (
          <Command.Group heading="Diagnose">
            <Command.Item value="diagnose" onSelect={diagnose}>
              <Activity size={16} aria-hidden="true" />
              <span className={styles.grow}>
                {asked === 'screen' ? 'What was refused, and why' : <>Why was “{asked.id}” refused?</>}{' '}
                <small>{asked === 'screen' ? 'Diagnose' : 'as the id of a request, a trace or a decision'}</small>
              </span>
            </Command.Item>
          </Command.Group>
        )}
      </Command.List>
      <footer className={styles.footer}>
        {leftOut.workloads + leftOut.hops === 0 ? null : (
          <span className={styles.grow}>
            {countOf(leftOut.workloads, 'more workload')} and {countOf(leftOut.hops, 'more hop')}: type more to narrow
            it
          </span>
        )}
        <Keys keys={['↑', '↓']} /> choose <Keys keys={['⏎']} /> open <Keys keys={['esc']} /> close
      </footer>
    </Command>
  )
}

/** What Diagnose can be asked with what was typed: its screen by its name, or an id; null: nothing. */
function diagnosisOf(typed: string): 'screen' | { readonly id: string } | null {
  const text = typed.trim()
  if (text === '' || 'diagnose'.startsWith(text.toLowerCase())) return 'screen'
  return /^\S{8,200}$/.test(text) ? { id: text } : null
}
