import { Clock3, OctagonX } from 'lucide-react'
import type { ComponentProps } from 'react'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { errorSentence } from '../../shared/words/errors.ts'
import { failureOf } from '../api/failure.ts'
import { useEnvironments } from '../api/hooks.ts'
import { GraphScreen } from '../features/graph/graph-screen.tsx'
import { Button, Plate } from '../ui/atoms.tsx'
import { useEnvironment } from './environment.ts'
import styles from './frame.module.css'
import { useGraphTime } from './graph-time.tsx'
import { BrokenEnvironment, NoEnvironment, UnknownEnvironment } from './no-environment.tsx'
import { BesideFaults } from './playground.tsx'
import { usePreferences } from './preferences.tsx'

/** The graph, or in words why there is none. */
export function GraphRoute() {
  const environments = useEnvironments()
  const { chosen, summary } = useEnvironment()
  const { theme, singleKeys } = usePreferences()
  if (environments.data !== undefined && chosen !== null && summary !== null && summary.problem === null) {
    const graph = <TimedGraph key={chosen} environment={chosen} theme={theme} singleKeys={singleKeys} />
    return summary.playground ? <BesideFaults environment={chosen}>{graph}</BesideFaults> : graph
  }
  return (
    <main className={styles.page}>
      <h1 className="visually-hidden">Trust graph</h1>
      <NoGraph />
    </main>
  )
}

function TimedGraph(props: Omit<ComponentProps<typeof GraphScreen>, 'time'>) {
  return <GraphScreen {...props} time={useGraphTime(props.environment)} />
}

function NoGraph() {
  const environments = useEnvironments()
  const { chosen, summary } = useEnvironment()
  if (environments.data === undefined || environments.error !== null) {
    if (environments.error === null) {
      return <Plate tone="info" icon={<Clock3 size={20} aria-hidden="true" />} title="Asking Everyhop’s service" />
    }
    const failure = failureOf(environments.error)
    return (
      <Plate
        tone="fail"
        icon={<OctagonX size={20} aria-hidden="true" />}
        title={failure.code === 'unauthenticated' ? 'Not signed in' : 'Everyhop’s service does not answer'}
        literal={errorSentence(failure.code, failure.subject, failure.advice)}
        actions={
          <Button primary onClick={() => void environments.refetch()}>
            Try again
          </Button>
        }
      >
        <p>
          {failure.code === 'unauthenticated'
            ? 'Start Everyhop again and open the address that it prints; its code can be used once, within a minute.'
            : 'It is asked again by itself. If it was stopped, start it with npm start and open the address that it prints.'}
        </p>
      </Plate>
    )
  }
  if (environments.data.length === 0 || chosen === null || (summary === null && chosen === playgroundEnvironment)) {
    return <NoEnvironment />
  }
  if (summary === null) return <UnknownEnvironment name={chosen} environments={environments.data} />
  return <BrokenEnvironment summary={summary} />
}
