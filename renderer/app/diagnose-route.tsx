import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEnvironments } from '../api/hooks.ts'
import { diagnoseAddressSchema } from '../features/diagnose/address.ts'
import { DiagnoseScreen } from '../features/diagnose/diagnose-screen.tsx'
import { useEnvironment } from './environment.ts'
import { GraphRoute } from './graph-route.tsx'
import { usePreferences } from './preferences.tsx'

/** The Diagnose screen; where no environment can be used, the same words as on the graph. */
export function DiagnoseRoute() {
  const address = diagnoseAddressSchema.parse(useSearch({ strict: false }))
  const navigate = useNavigate()
  const environments = useEnvironments()
  const { chosen, summary } = useEnvironment()
  const { singleKeys } = usePreferences()
  if (environments.data === undefined || chosen === null || summary === null || summary.problem !== null) {
    return <GraphRoute />
  }
  return (
    <DiagnoseScreen
      key={chosen}
      environment={chosen}
      address={address}
      go={(next) => void navigate({ to: '/diagnose', search: next })}
      singleKeys={singleKeys}
    />
  )
}
