import { Link, useNavigate } from '@tanstack/react-router'
import { FileWarning, Share2 } from 'lucide-react'
import type { EnvironmentSummary } from '../../shared/contract/environments.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { PlaygroundCard } from '../features/playground/playground-card.tsx'
import { Button, Plate } from '../ui/atoms.tsx'
import styles from './playground.module.css'

/** First run: the playground first, then the ways to one's own. */
export function NoEnvironment() {
  const navigate = useNavigate()
  return (
    <div className={styles.first}>
      <h2>No environment yet</h2>
      <PlaygroundCard isFirst onOpen={() => void navigate({ to: '/graph', search: { env: playgroundEnvironment } })} />
      <section>
        <h2>Connect your own</h2>
        <p>
          Choose a context of your kubeconfig, see what can be read, and look at the graph before anything is saved.
          Environments are files in the folder environments of Everyhop’s home. Everyhop only reads. From a checkout on
          Linux there is a lab of real servers too: <code>npm run lab</code>.
        </p>
        <Button onClick={() => void navigate({ to: '/environments', search: { add: true } })}>
          Add an environment
        </Button>
      </section>
    </div>
  )
}

/** The file exists but cannot be used: the literal reason, and where. */
export function BrokenEnvironment({ summary }: { readonly summary: EnvironmentSummary }) {
  const { problem } = summary
  const column = problem?.column ?? null
  const line = problem?.line ?? null
  const place = line === null ? '' : `, line ${line}${column === null ? '' : `, column ${column}`}`
  return (
    <Plate
      tone="fail"
      icon={<FileWarning size={20} aria-hidden="true" />}
      title={`The environment ${summary.name} cannot be used`}
      literal={problem?.message ?? ''}
    >
      <p>
        In <code>{summary.file}</code>
        {place}. Correct the file and save it; it is read again by itself.
      </p>
    </Plate>
  )
}

export function UnknownEnvironment({
  name,
  environments,
}: {
  readonly name: string
  readonly environments: readonly EnvironmentSummary[]
}) {
  return (
    <Plate tone="info" icon={<Share2 size={20} aria-hidden="true" />} title={`There is no environment called ${name}`}>
      <p>If it is the lab: start it with npm run lab, and it appears here by itself. Known now:</p>
      <ul>
        {environments.map((environment) => (
          <li key={environment.name}>
            <Link to="/graph" search={{ env: environment.name }}>
              {environment.name}
            </Link>
          </li>
        ))}
      </ul>
    </Plate>
  )
}
