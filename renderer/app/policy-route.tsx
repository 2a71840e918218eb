import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEnvironments } from '../api/hooks.ts'
import { policyAddressSchema } from '../features/policy/address.ts'
import { PolicyScreen } from '../features/policy/policy-screen.tsx'
import { useEnvironment } from './environment.ts'
import { GraphRoute } from './graph-route.tsx'
import { usePreferences } from './preferences.tsx'

/** The policy workbench; where no environment can be used, the same words as on the graph. */
export function PolicyRoute() {
  const address = policyAddressSchema.parse(useSearch({ strict: false }))
  const navigate = useNavigate()
  const environments = useEnvironments()
  const { chosen, summary } = useEnvironment()
  const { theme, singleKeys } = usePreferences()
  if (environments.data === undefined || chosen === null || summary === null || summary.problem !== null) {
    return <GraphRoute />
  }
  return (
    <PolicyScreen
      key={chosen}
      environment={chosen}
      address={address}
      go={(next) => void navigate({ to: '/policy', search: next })}
      theme={theme}
      singleKeys={singleKeys}
    />
  )
}
