import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEnvironments } from '../api/hooks.ts'
import { evidenceAddressSchema } from '../features/evidence/address.ts'
import { EvidenceScreen } from '../features/evidence/evidence-screen.tsx'
import { useEnvironment } from './environment.ts'
import { GraphRoute } from './graph-route.tsx'
import { usePreferences } from './preferences.tsx'

/** Packs of evidence; where no environment can be used, the same words as on the graph. */
export function EvidenceRoute() {
  const address = evidenceAddressSchema.parse(useSearch({ strict: false }))
  const navigate = useNavigate()
  const environments = useEnvironments()
  const { chosen, summary } = useEnvironment()
  const { singleKeys } = usePreferences()
  if (environments.data === undefined || chosen === null || summary === null || summary.problem !== null) {
    return <GraphRoute />
  }
  return (
    <EvidenceScreen
      key={chosen}
      environment={chosen}
      address={address}
      go={(next) => void navigate({ to: '/evidence', search: next })}
      singleKeys={singleKeys}
    />
  )
}
