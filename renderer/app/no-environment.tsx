import { Link } from '@tanstack/react-router'
import { FileWarning, Share2 } from 'lucide-react'
import type { EnvironmentSummary } from '../../shared/contract/environments.ts'
import { useSystemInfo } from '../api/hooks.ts'
import { Plate } from '../ui/atoms.tsx'

/** First run: how to get a picture, in two ways. Nothing here is a button because nothing can be started from here. */
export function NoEnvironment() {
  const info = useSystemInfo()
  return (
    <Plate tone="info" icon={<Share2 size={20} aria-hidden="true" />} title="No environment yet" literal="npm run lab">
      <p>
        The lab is a running zero-trust pipeline on this machine: real SPIRE, Envoy and OPA, nothing simulated. Start it
        with the command above; it appears here by itself.
      </p>
      <p>
        To connect your own systems, write an <code>environment.yaml</code>
        {info.data === undefined ? null : (
          <>
            {' '}
            and put it, or a link to it, into <code>{info.data.home}/environments</code>
          </>
        )}
        . It names SPIRE servers, Envoy admin addresses, OPA addresses and log files; the guide in{' '}
        <code>docs/guides</code> has an example. Everyhop only reads.
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
