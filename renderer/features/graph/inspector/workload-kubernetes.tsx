import { useState } from 'react'
import type { Known, KubernetesView } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { countOf } from '../../../../shared/words/durations.ts'
import { Button } from '../../../ui/atoms.tsx'
import styles from './inspector.module.css'
import { Breakable, FactRow, Section } from './rows.tsx'

const shownAtFirst = 6

/** Where it runs, as the cluster says: namespace, owner, service account, and each pod with its machine. */
export function WorkloadKubernetes({ known, now }: { readonly known: Known<KubernetesView>; readonly now: EpochMs }) {
  return (
    <Section title="Kubernetes">
      <FactRow label="Namespace" known={known} now={now}>
        {(value) => <Breakable text={value.namespace} />}
      </FactRow>
      {known.known ? (
        <>
          <FactRow label="Owner" known={known} now={now}>
            {({ owner }) => (owner === null ? 'none: a bare pod' : <Breakable text={`${owner.kind}/${owner.name}`} />)}
          </FactRow>
          <FactRow label="Service account" known={known} now={now}>
            {(value) => <Breakable text={value.serviceAccount} />}
          </FactRow>
          <FactRow label="Pods" known={known} now={now}>
            {({ pods }) => {
              const ready = pods.filter((pod) => pod.ready).length
              return (
                <span className={ready < pods.length ? styles.bad : undefined}>
                  {ready < pods.length ? '✕ ' : ''}
                  {ready} of {countOf(pods.length, 'pod')} ready
                </span>
              )
            }}
          </FactRow>
          <Pods pods={known.value.pods} />
          <div className={styles.row}>
            <span className={styles.label}>Cluster</span>
            <span className={styles.plain}>{known.value.cluster}</span>
          </div>
        </>
      ) : null}
    </Section>
  )
}

/** Those that are not ready first: they are what one looks for. */
function Pods({ pods }: { readonly pods: KubernetesView['pods'] }) {
  const [all, setAll] = useState(false)
  const sorted = [...pods].sort((a, b) => Number(a.ready) - Number(b.ready) || (a.name < b.name ? -1 : 1))
  const shown = all ? sorted : sorted.slice(0, shownAtFirst)
  return (
    <>
      <ul className={styles.pods}>
        {shown.map((pod) => (
          <li key={pod.name}>
            <span className={pod.ready ? styles.good : styles.bad}>{pod.ready ? '✓ ready' : '✕ not ready'}</span>
            <span>
              <Breakable text={pod.name} />
              <br />
              <span className={styles.quiet}>{pod.node === null ? 'on no node yet' : `on ${pod.node}`}</span>
            </span>
          </li>
        ))}
      </ul>
      {shown.length === sorted.length ? null : (
        <Button small onClick={() => setAll(true)}>
          Show {sorted.length - shown.length} more
        </Button>
      )}
    </>
  )
}
