import { FileX, LoaderCircle } from 'lucide-react'
import { useEffect, useEffectEvent } from 'react'
import type { Evaluation } from '../../../../shared/domain/model/policy.ts'
import { useApi } from '../../../api/api-context.tsx'
import { usePolicyAgain } from '../../../api/policy.ts'
import { Plate } from '../../../ui/atoms.tsx'
import { type Bench, type BenchSubject, createBench } from './bench.ts'
import { CodePane } from './code-pane.tsx'
import { DiffPane } from './diff-pane.tsx'
import { Tabs } from './tabs.tsx'
import { useBenchState } from './use-bench.ts'

export interface WorkbenchProps {
  readonly subject: BenchSubject
  /** The one that was told by `onBench`. */
  readonly bench: Bench | null
  readonly theme: 'dark' | 'light'
  readonly values: Evaluation | null
  readonly result: { readonly path: string; readonly row: number; readonly text: string } | null
  /** What the open file is compared with; null: it is edited. */
  readonly against: Extract<BenchSubject, { kind: 'deployed' }> | null
  readonly onBench: (bench: Bench | null) => void
  readonly onSave: () => void
  readonly onNextProblem: (back: boolean) => void
  readonly onEvaluate: (selection: string | null, row: number) => void
}

/** Monaco and what belongs to it; loaded when the first policy is opened, so that no other screen waits for it. */
export default function Workbench(props: WorkbenchProps) {
  const { client } = useApi()
  const again = usePolicyAgain()
  const { subject, bench, onBench } = props
  const key = JSON.stringify(subject)
  const make = useEffectEvent(() => createBench(client, subject, () => void again()))
  const tell = useEffectEvent(onBench)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another subject is another bench, whatever object says it
  useEffect(() => {
    const made = make()
    tell(made)
    return () => {
      made.stop()
      tell(null)
    }
  }, [key])
  return bench === null ? null : <Open {...props} bench={bench} />
}

function Open({
  bench,
  theme,
  values,
  result,
  against,
  onSave,
  onNextProblem,
  onEvaluate,
}: WorkbenchProps & { readonly bench: Bench }) {
  const state = useBenchState(bench)
  const { active, refused } = state
  const refusal = active === null ? undefined : refused[active]
  const isLoading = active !== null && refusal === undefined && bench.modelOf(active) === null
  return (
    <>
      <Tabs bench={bench} />
      {refusal !== undefined ? (
        <Plate tone="unknown" icon={<FileX size={20} aria-hidden="true" />} title="Not opened here" literal={refusal} />
      ) : null}
      {isLoading ? (
        <Plate tone="info" icon={<LoaderCircle size={20} aria-hidden="true" />} title={`Reading ${active}`} />
      ) : null}
      {against !== null && active !== null && refusal === undefined && !isLoading ? (
        <DiffPane bench={bench} path={active} against={against} theme={theme} />
      ) : (
        <div style={{ display: refusal !== undefined || isLoading || active === null ? 'none' : 'contents' }}>
          <CodePane
            bench={bench}
            theme={theme}
            values={values}
            result={result}
            onSave={onSave}
            onNextProblem={onNextProblem}
            onEvaluate={onEvaluate}
          />
        </div>
      )}
    </>
  )
}
