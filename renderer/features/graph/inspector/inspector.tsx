import { Copy, OctagonX } from 'lucide-react'
import { type ReactNode, useRef } from 'react'
import type { Fact } from '../../../../shared/domain/model/fact.ts'
import type { ControlComponent } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import type { GraphView } from '../../../../shared/domain/model/view.ts'
import { formatDuration } from '../../../../shared/words/durations.ts'
import { errorSentence } from '../../../../shared/words/errors.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { transportLabel, workloadStateLabel } from '../../../../shared/words/states.ts'
import { groupStateWords } from '../../../../shared/words/workload-sentences.ts'
import { useNow } from '../../../api/clock.tsx'
import { failureOf } from '../../../api/failure.ts'
import { useControlDetail, useHopDetail, useWorkloadDetail } from '../../../api/hooks.ts'
import { Banner, Button, Keys, Tag } from '../../../ui/atoms.tsx'
import { startOfRow } from '../../../ui/capitals.ts'
import { hopText, workloadText } from '../copy-text.ts'
import { transportTone, workloadTone } from '../looks.ts'
import { RestsOn } from './fact-list.tsx'
import { HopInspector } from './hop-inspector.tsx'
import styles from './inspector.module.css'
import { VaultSections } from './lease-vault.tsx'
import { Overview } from './overview.tsx'
import { ProvenanceScope } from './provenance.tsx'
import { WorkloadInspector } from './workload-inspector.tsx'

export interface InspectorProps {
  readonly view: GraphView
  readonly environment: string
  readonly selected: string | null
  readonly names: ReadonlyMap<string, string>
  /** "Hop 3 of 9": place of the selected item among its kind. */
  readonly place: string
  readonly onSelect: (id: string) => void
  readonly onOpen: (group: string) => void
  readonly onCopy: (text: string) => void
  /** Opens the list of refused requests with those of one hop. */
  readonly onRefused: (hop: string) => void
}

/** The selected thing, whatever it is; an overview of the problems when nothing is selected. */
export function Inspector(props: InspectorProps) {
  const body = useRef<HTMLDivElement>(null)
  return (
    <aside className={styles.inspector} aria-label="Inspector" data-testid="inspector">
      <div className={styles.scroll} ref={body}>
        <div className={styles.place}>
          <span>{props.place}</span>
          <span className={styles.placeKeys}>
            <Keys keys={['j', 'k']} />
          </span>
        </div>
        <ProvenanceScope key={props.selected ?? ''}>
          <Selected {...props} />
        </ProvenanceScope>
      </div>
      <footer className={styles.footer}>
        <span>● measured</span>
        <span>◐ derived</span>
        <span>○ declared</span>
        <span>
          <Keys keys={['p']} /> how do we know?
        </span>
      </footer>
    </aside>
  )
}

function Selected(props: InspectorProps) {
  const { view, selected } = props
  if (selected === null) return <Overview view={view} names={props.names} onSelect={props.onSelect} />
  const node = view.nodes.find((item) => item.id === selected)
  const edge = view.edges.find((item) => item.id === selected)
  const component = view.control.find((item) => item.id === selected)
  if (component !== undefined) {
    const isFolded = component.id.startsWith('control/more/')
    return isFolded ? (
      <ControlInspector component={component} facts={[]} />
    ) : (
      <LoadedControl {...props} shown={component} />
    )
  }
  if (node?.type === 'group') return <GroupInspector group={node} onOpen={props.onOpen} />
  if (edge?.type === 'bundle') return <BundleInspector bundle={edge} names={props.names} />
  if (selected.startsWith('hop/')) return <LoadedHop {...props} id={selected} />
  return <LoadedWorkload {...props} id={selected} />
}

function LoadedHop({ id, environment, names, onCopy, onRefused }: InspectorProps & { readonly id: string }) {
  const detail = useHopDetail(environment, id)
  const now = useNow(1000)
  if (detail.data === undefined) return <Waiting error={detail.error} />
  const { data } = detail
  return (
    <>
      <HopInspector
        detail={data}
        now={now}
        environment={environment}
        names={names}
        onCopy={onCopy}
        onRefused={() => onRefused(id)}
      />
      <CopyButton onCopy={() => onCopy(hopText(data, now))} />
    </>
  )
}

function LoadedWorkload({ id, environment, names, onSelect, onCopy }: InspectorProps & { readonly id: string }) {
  const detail = useWorkloadDetail(environment, id)
  const now = useNow(1000)
  if (detail.data === undefined) return <Waiting error={detail.error} />
  const { data } = detail
  return (
    <>
      <WorkloadInspector environment={environment} detail={data} now={now} names={names} onSelect={onSelect} />
      <CopyButton onCopy={() => onCopy(workloadText(data))} />
    </>
  )
}

/** What is drawn of it is shown at once; where that comes from follows. */
function LoadedControl({ environment, shown }: InspectorProps & { readonly shown: ControlComponent }) {
  const detail = useControlDetail(environment, shown.id)
  return <ControlInspector component={detail.data?.component ?? shown} facts={detail.data?.facts ?? []} />
}

function CopyButton({ onCopy }: { readonly onCopy: () => void }) {
  return (
    <section>
      <Button onClick={onCopy} data-copy="">
        <Copy size={14} aria-hidden="true" />
        Copy facts
        <Keys keys={['y']} />
      </Button>
    </section>
  )
}

function Waiting({ error }: { readonly error: Error | null }): ReactNode {
  if (error === null) return <p className={styles.place}>Asking…</p>
  const failure = failureOf(error)
  return (
    <section>
      <Banner tone="fail" icon={<OctagonX size={16} aria-hidden="true" />}>
        {errorSentence(failure.code, failure.subject, failure.advice)}
      </Banner>
    </section>
  )
}

function ControlInspector({
  component,
  facts,
}: {
  readonly component: ControlComponent
  readonly facts: readonly Fact[]
}) {
  const now: EpochMs = useNow(1000)
  return (
    <>
      <header>
        <h2>{component.name}</h2>
        <div className={styles.states}>
          <Tag tone={workloadTone(component.state.state)}>{startOfRow(workloadStateLabel(component.state.state))}</Tag>
          <span className={styles.meta}>{reasonSentence(component.summary)}</span>
        </div>
        <div className={styles.verdict} data-tone={workloadTone(component.state.state)}>
          <p>{reasonSentence(component.state.reason)}</p>
        </div>
        <RestsOn judgement={component.state} facts={facts} now={now} />
      </header>
      {component.vault === undefined ? null : <VaultSections key={component.id} vault={component.vault} now={now} />}
    </>
  )
}

function GroupInspector({
  group,
  onOpen,
}: {
  readonly group: Extract<GraphView['nodes'][number], { type: 'group' }>
  readonly onOpen: (id: string) => void
}) {
  const now = useNow(10_000)
  return (
    <header>
      <h2>{group.name}</h2>
      <div className={styles.states}>
        {groupStateWords(group.states).map((part) => (
          <Tag key={part.state} tone={workloadTone(part.state)}>
            {part.text}
          </Tag>
        ))}
      </div>
      {group.nextExpiryAt === null ? null : (
        <p className={styles.sentence}>The next SVID expires in {formatDuration(group.nextExpiryAt - now)}.</p>
      )}
      <div className={styles.buttons}>
        <Button primary onClick={() => onOpen(group.id)}>
          Open group
        </Button>
      </div>
    </header>
  )
}

function BundleInspector({
  bundle,
  names,
}: {
  readonly bundle: Extract<GraphView['edges'][number], { type: 'bundle' }>
  readonly names: ReadonlyMap<string, string>
}) {
  return (
    <header>
      <h2>
        {names.get(bundle.from) ?? bundle.from} to {names.get(bundle.to) ?? bundle.to}
      </h2>
      <p className={styles.sentence}>
        {bundle.hops.toLocaleString('en-GB')} hops drawn as one line, with the look of the worst. Open a group at one
        end to see them singly.
      </p>
      <div className={styles.states}>
        {Object.entries(bundle.transport).map(([state, count]) => {
          const known = state as keyof typeof bundle.transport
          return (
            <Tag key={state} tone={transportTone(known)}>
              {count.toLocaleString('en-GB')} {transportLabel(known)}
            </Tag>
          )
        })}
      </div>
    </header>
  )
}
