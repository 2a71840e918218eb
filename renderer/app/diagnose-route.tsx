import { useNavigate, useSearch } from '@tanstack/react-router'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { useEnvironments } from '../api/hooks.ts'
import { diagnoseAddressSchema } from '../features/diagnose/address.ts'
import { DiagnoseScreen } from '../features/diagnose/diagnose-screen.tsx'
import { useEnvironment } from './environment.ts'
import { GraphRoute } from './graph-route.tsx'
import { usePreferences } from './preferences.tsx'

/** The Diagnose screen, also without any environment; where one cannot be used, the same words as on the graph. */
export function DiagnoseRoute() {
  const address = diagnoseAddressSchema.parse(useSearch({ strict: false }))
  const navigate = useNavigate()
  const environments = useEnvironments()
  const { chosen, summary } = useEnvironment()
  const { singleKeys } = usePreferences()
  const isNone = chosen === null || (summary === null && chosen === playgroundEnvironment)
  if (environments.data === undefined || (!isNone && (summary === null || summary.problem !== null))) {
    return <GraphRoute />
  }
  const environment = isNone ? null : chosen
  return (
    <DiagnoseScreen
      key={environment ?? ''}
      environment={environment}
      address={address}
      go={(next) => void navigate({ to: '/diagnose', search: next })}
      singleKeys={singleKeys}
    />
  )
}
