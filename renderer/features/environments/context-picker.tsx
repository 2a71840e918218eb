import { CloudCog, FileWarning, Play, RotateCw } from 'lucide-react'
import { useState } from 'react'
import type { KubeContext } from '../../../shared/contract/environment-setup.ts'
import { contextProblemSentence, kubeUserWords, programText } from '../../../shared/words/environment-setup.ts'
import { failureSentence, useContexts } from '../../api/environments.ts'
import { Banner, Button, Tag } from '../../ui/atoms.tsx'
import styles from './environments.module.css'
import { useBrowsing } from './fields.tsx'
import { ProgramDialog } from './program-dialog.tsx'

/** The ways into clusters that this machine has. A program is shown and allowed before it runs. */
export function ContextPicker({
  busy,
  failure,
  onPick,
}: {
  readonly busy: boolean
  readonly failure: string | null
  readonly onPick: (context: KubeContext, allowExec: boolean) => void
}) {
  const [typed, setTyped] = useState('')
  const [extra, setExtra] = useState<string | null>(null)
  const [asked, setAsked] = useState<KubeContext | null>(null)
  const { data, error, refetch, isFetching } = useContexts(extra)
  // Whoever chose a file wants its contexts.
  const { browse, failure: browseFailure } = useBrowsing({ title: 'A kubeconfig', extensions: [] }, (path) => {
    setTyped(path)
    setExtra(path)
  })
  const pick = (context: KubeContext) => (context.program === null ? onPick(context, false) : setAsked(context))
  return (
    <section className={styles.card} aria-labelledby="pick-context">
      <header className={styles.cardHead}>
        <h2 id="pick-context">Which cluster?</h2>
        <Button small disabled={isFetching} onClick={() => void refetch()}>
          <RotateCw size={12} aria-hidden="true" /> Look again
        </Button>
      </header>
      <p className={styles.quiet}>
        Everyhop comes with the rights of the context that you choose, finds SPIRE, Envoy, OPA and Vault among the pods,
        and only reads. Nothing is written before you save.
      </p>
      {failure === null ? null : (
        <Banner tone="fail" icon={<FileWarning size={16} aria-hidden="true" />}>
          {failure}
        </Banner>
      )}
      {error === null ? null : (
        <Banner tone="fail" icon={<FileWarning size={16} aria-hidden="true" />}>
          {failureSentence(error)}
        </Banner>
      )}
      {data?.broken.map(({ file, message, line, column }) => (
        <Banner key={file} tone="warn" icon={<FileWarning size={16} aria-hidden="true" />}>
          <code>
            {file}
            {line === null ? '' : `:${line}:${column ?? 1}`}
          </code>{' '}
          cannot be read: {message}. Its contexts are not listed.
        </Banner>
      ))}
      <ul className={styles.contexts} aria-label="Contexts" data-testid="contexts">
        {data?.contexts.map((context) => (
          <li key={`${context.choice.kubeconfig ?? ''} ${context.name}`}>
            <ContextRow context={context} busy={busy} onPick={pick} />
          </li>
        ))}
      </ul>
      {data !== undefined && data.contexts.length === 0 ? (
        <p data-testid="no-contexts">
          No context was found. Looked at{' '}
          {data.lookedAt.map(({ file, found }, at) => (
            <span key={file}>
              {at === 0 ? '' : ', '}
              <code>{file}</code>
              {found ? '' : ' (not there)'}
            </span>
          ))}
          . Give a kubeconfig below.
        </p>
      ) : null}
      <form
        className={styles.inline}
        onSubmit={(event) => {
          event.preventDefault()
          setExtra(typed.trim() === '' ? null : typed.trim())
        }}
      >
        <label htmlFor="kubeconfig">Another kubeconfig</label>
        <input
          id="kubeconfig"
          className={styles.input}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          placeholder="path of a file on this computer"
          spellCheck={false}
          autoComplete="off"
        />
        {browse}
        <Button type="submit">Look there</Button>
      </form>
      {browseFailure === null ? null : (
        <p className={styles.problem} role="alert">
          {browseFailure}
        </p>
      )}
      {extra !== null && data?.lookedAt.some(({ found }, at) => at === 0 && !found) ? (
        <p className={styles.problem} role="alert">
          There is no file {data.lookedAt[0]?.file}.
        </p>
      ) : null}
      {asked === null || asked.program === null ? null : (
        <ProgramDialog
          asked={{
            context: asked.name,
            user: asked.user.name,
            file: asked.choice.kubeconfig,
            program: asked.program,
          }}
          why={null}
          onClose={() => setAsked(null)}
          onAllow={() => {
            setAsked(null)
            onPick(asked, true)
          }}
        />
      )}
    </section>
  )
}

function ContextRow({
  context,
  busy,
  onPick,
}: {
  readonly context: KubeContext
  readonly busy: boolean
  readonly onPick: (context: KubeContext) => void
}) {
  const { name, current, server, user, program, problem, choice } = context
  return (
    <button
      type="button"
      className={styles.context}
      disabled={busy || problem !== null}
      onClick={() => onPick(context)}
      data-testid={`context-${name}`}
    >
      <CloudCog size={16} aria-hidden="true" />
      <span className={styles.grow}>
        <b>{name}</b>
        {current ? <small> current context</small> : null}
        <small className={styles.line}>
          {server ?? 'no server'} · {kubeUserWords(user.kind)}
          {user.name === '' ? '' : ` (${user.name})`}
        </small>
        {choice.kubeconfig === null ? null : <small className={styles.line}>{choice.kubeconfig}</small>}
        {program === null ? null : (
          <small className={styles.line}>
            would run <code>{programText(program)}</code>
          </small>
        )}
        {problem === null ? null : <small className={styles.problem}>{contextProblemSentence(problem)}</small>}
      </span>
      {program === null ? null : (
        <Tag tone="warn" icon={<Play size={12} aria-hidden="true" />}>
          Runs a program
        </Tag>
      )}
    </button>
  )
}
