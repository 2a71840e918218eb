import { LoaderCircle, OctagonX } from 'lucide-react'
import { lazy, Suspense, useEffect, useEffectEvent, useState } from 'react'
import type { DraftSummary } from '../../../shared/contract/policy.ts'
import type { BundleOverview, Evaluation, PolicyProblem } from '../../../shared/domain/model/policy.ts'
import { sourcesSentence } from '../../../shared/words/policy.ts'
import { useApi } from '../../api/api-context.tsx'
import { failureSentence, useCommand } from '../../api/environments.ts'
import { useBundleContent, usePolicyTools } from '../../api/policy.ts'
import { Banner, Plate } from '../../ui/atoms.tsx'
import type { PolicyAddress } from './address.ts'
import { ConflictDialog } from './conflict-dialog.tsx'
import { deployedOf, firstFile } from './deployed-of.ts'
import { DraftBar } from './draft-bar.tsx'
import type { Bench, BenchSubject } from './editor/bench.ts'
import { nextProblem, problemsOf } from './editor/bench-state.ts'
import { useBenchState } from './editor/use-bench.ts'
import { useEvaluation } from './editor/use-evaluation.ts'
import { FileTree } from './file-tree.tsx'
import styles from './policy-screen.module.css'
import { PolicyStatus } from './policy-status.tsx'
import { ProblemsPanel } from './problems-panel.tsx'
import { ReleasePanel } from './release/release-panel.tsx'
import { SimulatePanel } from './simulate/simulate-panel.tsx'

const Workbench = lazy(() => import('./editor/workbench.tsx'))

export interface PolicyWorkProps {
  readonly environment: string
  readonly bundles: readonly BundleOverview[]
  readonly bundle: BundleOverview
  /** Of this bundle; null: not known yet. */
  readonly drafts: readonly DraftSummary[] | null
  readonly draftsFailure: string | null
  readonly address: PolicyAddress
  readonly go: (address: PolicyAddress) => void
  readonly theme: 'dark' | 'light'
}

/** Files, editor, simulation, problems and releases of one bundle. */
export function PolicyWork(props: PolicyWorkProps) {
  const { environment, bundles, bundle, drafts, draftsFailure, address, go, theme } = props
  const { client } = useApi()
  const [bench, setBench] = useState<Bench | null>(null)
  const state = useBenchState(bench)
  const [values, setValues] = useState<Evaluation | null>(null)
  const [isComparing, setComparing] = useState(false)
  const command = useCommand()
  const draft = drafts?.find(({ id }) => id === address.draft) ?? null
  const isGone = address.draft !== undefined && drafts !== null && draft === null
  const deployed = deployedOf(bundle)
  const live = bundle.live.known ? bundle.live.value : null
  const content = useBundleContent(environment, bundle.name, draft === null ? deployed : null)
  const against: Extract<BenchSubject, { kind: 'deployed' }> | null =
    deployed === null ? null : { kind: 'deployed', environment, bundle: bundle.name, of: deployed }
  const subject: BenchSubject | null =
    draft !== null
      ? { kind: 'draft', draft: draft.id }
      : address.draft !== undefined && drafts === null
        ? null
        : against
  const files = draft?.files ?? content.data?.files ?? []
  const first = firstFile(files, bundle.decisionPath)
  const { result, evaluate, setInput } = useEvaluation({
    client,
    environment,
    bundle: bundle.name,
    bench,
    draft,
    deployed,
  })

  // The address names the open file, both ways: who follows a link gets there, who looks around can share it.
  const follow = useEffectEvent((wanted: string | null) => {
    const path = wanted ?? first
    if (bench !== null && path !== null && path !== bench.get().active) void bench.open(path)
  })
  const hasFiles = files.length > 0
  useEffect(() => {
    if (bench !== null && hasFiles) follow(address.file ?? null)
  }, [bench, hasFiles, address.file])
  const share = useEffectEvent((path: string) => {
    if (path !== address.file) go({ ...address, bundle: bundle.name, file: path })
  })
  useEffect(() => {
    if (state.active !== null) share(state.active)
  }, [state.active])

  const regal = usePolicyTools().data?.find(({ tool }) => tool === 'regal')?.found
  useEffect(() => {
    if (bench !== null && bench.get().language.state === 'missing' && regal !== undefined && regal !== 'missing')
      bench.startLanguage()
  }, [bench, regal])

  const [last, setLast] = useState<PolicyProblem | null>(null)
  const goNext = (back: boolean) => {
    const next = nextProblem(problemsOf(state), last, back)
    setLast(next)
    const path = next?.path ?? null
    if (path !== null) void bench?.open(path, { row: next?.row ?? 1, column: next?.column ?? 1 })
  }
  const save = () => void bench?.save(true)
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || document.querySelector('[role="dialog"], [role="alertdialog"]') !== null) return
    if (event.key === 'F8') {
      event.preventDefault()
      goNext(event.shiftKey)
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
      event.preventDefault()
      save()
    }
  })
  useEffect(() => {
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])

  const openDraft = (id: string | null) => {
    setValues(null)
    setComparing(false)
    go({ ...address, bundle: bundle.name, draft: id ?? undefined })
  }
  const panel = { environment, bundle, draft, live }
  return (
    <main className={styles.screen}>
      <DraftBar
        environment={environment}
        bundles={bundles}
        bundle={bundle}
        deployed={deployed}
        drafts={drafts ?? []}
        draft={draft}
        state={state}
        isComparing={isComparing}
        onBundle={(name) => go({ ...(address.env === undefined ? {} : { env: address.env }), bundle: name })}
        onDraft={openDraft}
        onCompare={() => setComparing(!isComparing)}
        onSave={save}
        onFormat={() => void command.run(async () => bench?.format())}
      />
      {isGone || draftsFailure !== null || command.failure !== null ? (
        <Banner tone="fail" icon={<OctagonX size={16} aria-hidden="true" />}>
          {command.failure ??
            draftsFailure ??
            'This draft does not exist any more: it was published or discarded. What is deployed is shown.'}
        </Banner>
      ) : null}
      <div className={styles.work}>
        <nav className={styles.files} aria-label="Files of the bundle">
          <FileTree
            title={bundle.name}
            from={treeFrom(draft, deployed?.revision ?? null)}
            files={files}
            changed={draft?.changed ?? []}
            active={state.active}
            canEdit={draft !== null && bench !== null}
            onOpen={(path) => void bench?.open(path)}
            onCreate={async (path) => bench?.create(path)}
            onRename={async (from, to) => bench?.rename(from, to)}
            onRemove={async (path) => bench?.remove(path)}
          />
          {draft === null && content.data !== undefined ? (
            <p className={styles.note} data-testid="sources-from">
              {sourcesSentence(content.data.from)}
            </p>
          ) : null}
          {content.data?.problems.map((problem) => (
            <p key={problem} className={styles.note}>
              {problem}
            </p>
          ))}
        </nav>
        <section className={styles.editor} aria-label="Editor">
          {content.error !== null && draft === null ? (
            <Plate
              tone="unknown"
              icon={<OctagonX size={20} aria-hidden="true" />}
              title="What is deployed cannot be shown"
              literal={failureSentence(content.error)}
            />
          ) : subject === null ? (
            <Loading />
          ) : (
            <Suspense fallback={<Loading />}>
              <Workbench
                subject={subject}
                bench={bench}
                theme={theme}
                values={values}
                result={result}
                against={isComparing && draft !== null ? against : null}
                onBench={setBench}
                onSave={save}
                onNextProblem={goNext}
                onEvaluate={evaluate}
              />
            </Suspense>
          )}
        </section>
        <aside className={styles.simulate} aria-label="Simulate">
          <SimulatePanel
            {...panel}
            address={address}
            onReveal={(path, row) => void bench?.open(path, { row })}
            onValues={setValues}
            onInput={setInput}
          />
        </aside>
      </div>
      <div className={styles.below}>
        <section className={styles.problems} aria-label="Problems and tests">
          <ProblemsPanel
            state={state}
            isDraft={draft !== null}
            onGo={(path, row, column) => void bench?.open(path, { row, column })}
            onRunTests={() => void bench?.runTests()}
          />
        </section>
        <section className={styles.release} aria-label="Releases and convergence">
          <ReleasePanel {...panel} onOpenDraft={openDraft} />
        </section>
      </div>
      <PolicyStatus draft={draft} state={state} />
      {bench !== null && state.conflict !== null ? <ConflictDialog bench={bench} conflict={state.conflict} /> : null}
    </main>
  )
}

function treeFrom(draft: DraftSummary | null, deployed: string | null): string {
  if (draft !== null) return `from ${draft.basedOn.revision}`
  return deployed === null ? 'revision unknown' : deployed
}

function Loading() {
  return <Plate tone="info" icon={<LoaderCircle size={20} aria-hidden="true" />} title="Opening the editor" />
}
