import { FileWarning, Save, Share2 } from 'lucide-react'
import { type ReactNode, useEffect, useEffectEvent, useState } from 'react'
import type { EditableEnvironment, EnvironmentDraft, Proposal } from '../../../shared/contract/environment-setup.ts'
import { useApi } from '../../api/api-context.tsx'
import { useCommand, useListAgain, usePreview, useProgramQuestions, useTesting } from '../../api/environments.ts'
import { Banner, Button, Keys } from '../../ui/atoms.tsx'
import { CheckResults } from './check-results.tsx'
import { allowsProgram, draftOf, type Form, formOf, withProgram } from './draft-form.ts'
import { EnvironmentForm } from './environment-form.tsx'
import styles from './environments.module.css'

/** A new environment, or one that is changed: form, checks as they come in, the graph before saving, and saving. */
export function EnvironmentEditor({
  draft,
  proposal,
  edits,
  graphOf,
  onSaved,
  onBack,
}: {
  readonly draft: EnvironmentDraft
  readonly proposal: Proposal | null
  readonly edits: { readonly environment: string; readonly file: EditableEnvironment } | null
  /** The graph of an environment, drawn by whoever knows how. */
  readonly graphOf: (environment: string) => ReactNode
  readonly onSaved: (environment: string) => void
  readonly onBack: () => void
}) {
  const { client } = useApi()
  const listAgain = useListAgain()
  const [form, setForm] = useState<Form>(() => formOf(draft))
  const [checked, setChecked] = useState<string | null>(null)
  const [tried, setTried] = useState(false)
  const [showsGraph, setShowsGraph] = useState(false)
  const preview = usePreview(edits?.environment ?? null)
  const questions = useProgramQuestions(preview.environment)
  const { testing, start, stop } = useTesting()
  const observing = useCommand()
  const saving = useCommand()
  const result = draftOf(form)
  const asked = askedBy(form)
  const problems = 'problems' in result ? result.problems : {}
  const question = questions.find((one) => !allowsProgram(form, one)) ?? null
  const isOutdated = checked !== null && checked !== asked

  const observe = async (again: boolean): Promise<boolean> => {
    if ('problems' in result) return false
    return observing.run(async () => {
      const environment = await preview.show(result.draft)
      // A form that says the same as what is observed is not asked twice.
      if (again || checked !== asked) start(environment)
      setChecked(asked)
    })
  }
  const check = async () => {
    setTried(true)
    await observe(true)
  }
  const save = async () => {
    setTried(true)
    if ('problems' in result) return
    await saving.run(async () => {
      const saved = await client.environments.save({
        draft: result.draft,
        edits: edits === null ? null : { environment: edits.environment, version: edits.file.version },
      })
      await listAgain()
      onSaved(saved.environment)
    })
  }
  const checkAtOnce = useEffectEvent(() => void observe(true))
  // What was proposed is checked without being asked: it reads, and changes nothing.
  useEffect(() => checkAtOnce(), [])

  const press = useEffectEvent((event: KeyboardEvent) => {
    if (!(event.metaKey || event.ctrlKey) || event.key !== 'Enter' || event.repeat) return
    event.preventDefault()
    void check()
  })
  useEffect(() => {
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])

  const vault = form.base.sources.vault?.[0]?.id ?? 'vault'
  const leaseMounts =
    testing.reports.find(({ source, instance }) => source === 'vault' && instance === vault)?.leaseMounts ?? null
  const usable = testing.reports.filter(({ outcome }) => outcome === 'usable').length
  const saveButton = (
    <Button primary disabled={saving.busy} onClick={() => void save()} data-testid="save-environment">
      <Save size={14} aria-hidden="true" />
      {testing.status !== 'done' || isOutdated
        ? 'Save, not checked'
        : `Save, ${usable} of ${testing.reports.length} usable`}
    </Button>
  )
  const failure = saving.failure ?? observing.failure
  const failed =
    failure === null ? null : (
      <Banner tone="fail" icon={<FileWarning size={16} aria-hidden="true" />}>
        {failure}
      </Banner>
    )
  if (showsGraph && preview.environment !== null) {
    return (
      <div className={styles.graph}>
        <header className={styles.bar} data-testid="preview-bar">
          <h2>Preview of {form.name}</h2>
          <span className={styles.quiet}>Live, and not saved yet</span>
          <span className={styles.grow}>{failed}</span>
          <Button onClick={() => setShowsGraph(false)}>Back to the form</Button>
          {saveButton}
        </header>
        <div className={styles.graphBody}>{graphOf(preview.environment)}</div>
      </div>
    )
  }
  return (
    <>
      <div className={styles.main}>
        <section className={styles.card} aria-labelledby="editor-title">
          <header className={styles.cardHead}>
            <h2 id="editor-title">{edits === null ? 'Connect an environment' : `Change ${edits.environment}`}</h2>
            <small className={styles.quiet}>{edits === null ? 'Read-only' : edits.file.file}</small>
          </header>
          <EnvironmentForm
            form={form}
            problems={tried ? problems : {}}
            proposal={proposal}
            leaseMounts={leaseMounts}
            question={question}
            onAllow={(allowed) => setForm(withProgram(form, allowed))}
            onChange={(next) => {
              saving.forget()
              setForm(next)
            }}
          />
          {failed}
          <footer className={styles.actions}>
            <span className={styles.grow}>
              <span className={styles.quiet}>Secrets are kept apart and never written to this file.</span>
            </span>
            <Button onClick={onBack}>Cancel</Button>
            <Button onClick={() => void check()} disabled={observing.busy} data-testid="check-again">
              Check again <Keys keys={[isMac() ? '⌘' : 'Ctrl', '⏎']} />
            </Button>
            <Button
              onClick={() => {
                setTried(true)
                void observe(false).then((shown) => {
                  if (shown) setShowsGraph(true)
                })
              }}
              disabled={observing.busy}
              data-testid="preview-graph"
            >
              <Share2 size={14} aria-hidden="true" /> Preview the graph
            </Button>
            {saveButton}
          </footer>
        </section>
      </div>
      <CheckResults of={null} testing={testing} outdated={isOutdated} onStop={stop} />
    </>
  )
}

/** What a check depends on: a name or an intent asks no source anything else. */
function askedBy({ base, namespaces, spire, vault }: Form): string {
  return JSON.stringify([base.sources.kubernetes, namespaces, spire, vault])
}

function isMac(): boolean {
  return /mac/i.test(navigator.platform)
}
