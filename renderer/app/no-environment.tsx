import { Link, useNavigate } from '@tanstack/react-router'
import { FileWarning, Share2 } from 'lucide-react'
import type { EnvironmentSummary } from '../../shared/contract/environments.ts'
import { Button, Plate } from '../ui/atoms.tsx'

/** First run: how to get a picture, in two ways. */
export function NoEnvironment() {
  const navigate = useNavigate()
  return (
    <Plate
      tone="info"
      icon={<Share2 size={20} aria-hidden="true" />}
      title="No environment yet"
      literal="npm run lab"
      actions={
        <Button primary onClick={() => void navigate({ to: '/environments', search: { add: true } })}>
          Add an environment
        </Button>
      }
    >
      <p>
        The lab is a running zero-trust pipeline on this machine: real SPIRE, Envoy and OPA, nothing simulated. Start it
        with the command above; it appears here by itself.
      </p>
      <p>
        To connect your own systems, add an environment: choose a context of your kubeconfig, see what can be read, and
        look at the graph before anything is saved. Environments are files in the folder environments of Everyhop’s
        home. Everyhop only reads.
      </p>
    </Plate>
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
