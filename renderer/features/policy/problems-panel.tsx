import { CircleCheck, CircleDashed, CircleX, OctagonX, TriangleAlert, Wrench } from 'lucide-react'
import { useState } from 'react'
import type { ToolRelease, ToolState } from '../../../shared/contract/policy.ts'
import type { PolicyProblem, PolicyTestResult } from '../../../shared/domain/model/policy.ts'
import { toolNotes } from '../../../shared/words/tools.ts'
import { useApi } from '../../api/api-context.tsx'
import { useCommand } from '../../api/environments.ts'
import { usePolicyAgain, usePolicyTools } from '../../api/policy.ts'
import { AskDownload } from '../../ui/ask-download.tsx'
import { Banner, Button, Chip } from '../../ui/atoms.tsx'
import { type BenchState, problemsOf } from './editor/bench-state.ts'
import styles from './problems-panel.module.css'

/** What is wrong with the draft, what its tests say, and which tool is missing. */
export function ProblemsPanel({
  state,
  isDraft,
  onGo,
  onRunTests,
}: {
  readonly state: BenchState
  readonly isDraft: boolean
  readonly onGo: (path: string, row: number, column: number) => void
  readonly onRunTests: () => void
}) {
  const [shown, setShown] = useState<'problems' | 'tests'>('problems')
  const problems = problemsOf(state)
  const { tests } = state
  return (
    <div className={styles.panel} data-testid="problems-panel">
      <header className={styles.head}>
        <h2>Checks of the draft</h2>
        <Chip on={shown === 'problems'} onClick={() => setShown('problems')}>
          Problems <b>{state.checked === null && isDraft ? '–' : problems.length}</b>
        </Chip>
        <Chip on={shown === 'tests'} onClick={() => setShown('tests')}>
          Tests <b>{tests === null ? '–' : tests.results.length}</b>
        </Chip>
        <span className={styles.grow} />
        {isDraft ? (
          <Button small disabled={state.testing} onClick={onRunTests}>
            {state.testing ? 'Tests are running' : 'Run the tests'}
          </Button>
        ) : null}
      </header>
      <ToolNotices />
      {state.checkFailure === null ? null : (
        <Banner tone="fail" icon={<OctagonX size={16} aria-hidden="true" />}>
          The draft is not being checked. {state.checkFailure}
        </Banner>
      )}
      {!isDraft ? (
        <p className={styles.none}>What is deployed is shown read-only. A draft is checked and tested as you type.</p>
      ) : shown === 'problems' ? (
        <Problems problems={problems} state={state} onGo={onGo} />
      ) : (
        <Tests state={state} onGo={onGo} />
      )}
    </div>
  )
}

function Problems({
  problems,
  state,
  onGo,
}: {
  readonly problems: readonly PolicyProblem[]
  readonly state: BenchState
  readonly onGo: (path: string, row: number, column: number) => void
}) {
  if (problems.length === 0) {
    if (state.checkFailure !== null) return null
    return (
      <p className={styles.none} data-testid="no-problems">
        {state.checked === null
          ? 'OPA is checking the draft.'
          : state.language.state === 'running'
            ? 'Nothing: OPA finds no error in the draft, Regal nothing in the open files.'
            : 'OPA finds no error in the draft. Regal has not looked.'}
      </p>
    )
  }
  return (
    <ul className={styles.list} data-testid="problems">
      {problems.map((problem, at) => (
        <li key={`${at + 1}`}>
          <button
            type="button"
            disabled={problem.path === null}
            onClick={() =>
              problem.path === null ? undefined : onGo(problem.path, problem.row ?? 1, problem.column ?? 1)
            }
          >
            {problem.severity === 'error' ? (
              <CircleX size={14} className={styles.error} role="img" aria-label="Error" />
            ) : (
              <TriangleAlert size={14} className={styles.warning} role="img" aria-label="Warning" />
            )}
            <span className={styles.message}>{problem.message}</span>
            <code>{problem.code}</code>
            <span className={styles.place}>
              {problem.path === null ? 'the bundle' : `${problem.path}${problem.row === null ? '' : `:${problem.row}`}`}
            </span>
            <span className={styles.by}>{{ opa: 'OPA', regal: 'Regal', test: 'test' }[problem.by]}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

function Tests({
  state: { tests, testing },
  onGo,
}: {
  readonly state: BenchState
  readonly onGo: (path: string, row: number, column: number) => void
}) {
  if (tests === null)
    return <p className={styles.none}>{testing ? 'The tests are running.' : 'No tests have run yet.'}</p>
  if (tests.problem !== null) {
    return (
      <Banner tone="fail" icon={<OctagonX size={16} aria-hidden="true" />}>
        No test has run. <code>{tests.problem}</code>
      </Banner>
    )
  }
  if (tests.results.length === 0) {
    return (
      <p className={styles.none}>
        The draft has no tests: rules whose names begin with test_ in a file such as authz_test.rego.
      </p>
    )
  }
  return (
    <>
      {tests.isOld ? <p className={styles.none}>The draft has changed since these ran.</p> : null}
      <ul className={styles.list} data-testid="tests">
        {tests.results.toSorted(failedFirst).map((result) => (
          <li key={`${result.path} ${result.package} ${result.name}`}>
            <button type="button" onClick={() => onGo(result.path, result.row, 1)}>
              <Outcome result={result} />
              <span className={styles.message}>
                {result.name}
                {result.output === null ? null : <code> {result.output}</code>}
              </span>
              <span className={styles.place}>
                {result.path}:{result.row}
              </span>
              <span className={styles.by}>{result.durationMs.toFixed(1)} ms</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}

function Outcome({ result: { outcome } }: { readonly result: PolicyTestResult }) {
  if (outcome === 'passed') return <CircleCheck size={14} className={styles.passed} role="img" aria-label="Passed" />
  if (outcome === 'skipped') return <CircleDashed size={14} role="img" aria-label="Skipped" />
  return (
    <CircleX
      size={14}
      className={styles.error}
      role="img"
      aria-label={outcome === 'failed' ? 'Failed' : 'Ended with an error'}
    />
  )
}

function failedFirst(one: PolicyTestResult, other: PolicyTestResult): number {
  return Number(one.outcome === 'passed') - Number(other.outcome === 'passed')
}

function ToolNotices() {
  const tools = usePolicyTools()
  return (tools.data ?? [])
    .filter(({ found, progress }) => found === 'missing' || progress !== null)
    .map((tool) => <ToolNotice key={tool.tool} tool={tool} />)
}

/** What is not there, what that means, and how to get it. */
function ToolNotice({ tool }: { readonly tool: ToolState }) {
  const { client } = useApi()
  const again = usePolicyAgain()
  const { busy, failure, run } = useCommand()
  const [release, setRelease] = useState<ToolRelease | null>(null)
  const get = (how: 'build' | 'download', sha256: string | null) =>
    run(async () => {
      await client.policy.getTool({ tool: tool.tool, how, sha256 })
      setRelease(null)
      await again()
    })
  const look = () => run(async () => setRelease(await client.policy.toolRelease({ tool: tool.tool })))
  const meaning =
    tool.tool === 'regal'
      ? 'Regal is not on this machine. OPA alone checks, formats and tests; completion, hints and Regal’s findings are missing.'
      : 'OPA is not on this machine. Nothing can be checked, formatted, tested or evaluated without it.'
  return (
    <Banner
      tone={tool.tool === 'opa' ? 'fail' : 'warn'}
      icon={<Wrench size={16} aria-hidden="true" />}
      action={
        tool.progress === null ? (
          <>
            {tool.ways.includes('build') ? (
              <Button small disabled={busy} onClick={() => void get('build', null)} data-testid={`build-${tool.tool}`}>
                Build it with Go
              </Button>
            ) : null}
            {tool.ways.includes('download') ? (
              <Button small disabled={busy} onClick={() => void look()} data-testid={`download-${tool.tool}`}>
                Download it…
              </Button>
            ) : null}
          </>
        ) : undefined
      }
    >
      {meaning} {tool.command === null ? null : <code>{tool.command}</code>}
      {toolNotes(tool).map((note) => (
        <p key={note} role="status">
          {note}
        </p>
      ))}
      {failure === null ? null : <p role="alert">{failure}</p>}
      {release === null ? null : (
        <AskDownload
          release={release}
          busy={busy}
          onClose={() => setRelease(null)}
          onDownload={() => void get('download', release.sha256)}
        />
      )}
    </Banner>
  )
}
