import { CircleDashed, OctagonX, TriangleAlert } from 'lucide-react'
import type { Workload } from '../../../../shared/domain/model/graph.ts'
import { countOf } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { capitalise, workloadStateLabel } from '../../../../shared/words/states.ts'
import { failureSentence } from '../../../api/environments.ts'
import { useWorkloadsInTrouble } from '../../../api/handshakes.ts'
import type { DiagnoseListProps } from '../diagnose-props.ts'
import { LookupField } from '../lookup-field.tsx'
import parts from '../parts.module.css'
import list from '../side-list.module.css'
import { useSingleKeys } from '../use-single-keys.ts'

/** The left column of the tab Identities: a field for any workload, and those of which the graph says that they have none. */
export function IdentitiesList({ environment, address, go, singleKeys, tabs }: DiagnoseListProps) {
  const { data, error } = useWorkloadsInTrouble(environment)
  const workloads = data ?? []
  const without = workloads.filter(({ state }) => state.state === 'no-identity')
  const others = workloads.filter(({ state }) => state.state !== 'no-identity')
  const inOrder = [...without, ...others]
  const at = inOrder.findIndex(({ id }) => id === address.workload)
  const open = (workload: string) => go({ ...address, tab: 'identities', workload })
  const goTo = (index: number) => {
    const next = inOrder[index]
    if (next !== undefined) open(next.id)
  }
  useSingleKeys(singleKeys, {
    j: () => goTo(Math.min(inOrder.length - 1, at + 1)),
    k: () => goTo(Math.max(0, at - 1)),
  })
  return (
    <>
      <LookupField
        key={address.workload ?? ''}
        label="Workload: name, SPIFFE ID, or namespace/pod"
        initial={shortName(address.workload)}
        most={2048}
        placeholder="input-sanitiser"
        testId="identity-field"
        onAsk={open}
      />
      {tabs}
      <div className={list.scroll}>
        {error !== null && data === undefined ? (
          <p className={list.note} role="alert">
            Which workloads have no identity cannot be told: {failureSentence(error)}
          </p>
        ) : data === undefined ? (
          <p className={list.note}>Asking the graph.</p>
        ) : (
          <>
            <Workloads title="Without identity" workloads={without} chosen={address.workload} onOpen={open} />
            {without.length > 0 ? null : (
              <p className={list.note} data-testid="none-without-identity">
                No workload is seen without an identity. One that no source tells of may still have none.
              </p>
            )}
            {others.length === 0 ? null : (
              <Workloads title="SVID needs a look" workloads={others} chosen={address.workload} onOpen={open} />
            )}
          </>
        )}
      </div>
    </>
  )
}

function Workloads({
  title,
  workloads,
  chosen,
  onOpen,
}: {
  readonly title: string
  readonly workloads: readonly Workload[]
  readonly chosen: string | undefined
  readonly onOpen: (workload: string) => void
}) {
  return (
    <>
      <div className={list.head}>
        <h2 className={parts.capitals}>{title}</h2>
        <span>{workloads.length === 0 ? '' : countOf(workloads.length, 'workload')}</span>
      </div>
      <ul aria-label={title}>
        {workloads.map(({ id, name, state }) => (
          <li key={id}>
            <button
              type="button"
              className={`${list.choice} ${list.item}`}
              aria-current={id === chosen ? 'true' : undefined}
              onClick={() => onOpen(id)}
            >
              <b>{name}</b>
              <span className={list.between}>
                <span
                  className={`${parts.state} ${parts.toned}`}
                  data-tone={state.state === 'failing' ? 'fail' : 'warn'}
                >
                  {state.state === 'failing' ? (
                    <OctagonX size={14} aria-hidden="true" />
                  ) : state.state === 'no-identity' ? (
                    <CircleDashed size={14} aria-hidden="true" />
                  ) : (
                    <TriangleAlert size={14} aria-hidden="true" />
                  )}{' '}
                  {capitalise(workloadStateLabel(state.state))}
                </span>
              </span>
              <small>{reasonSentence(state.reason)}</small>
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}

function shortName(workload: string | undefined): string {
  if (workload === undefined) return ''
  return workload.startsWith('workload/') ? (workload.split('/').at(-1) ?? workload) : workload
}
