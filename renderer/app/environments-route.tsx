import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
  useNavigate,
  useSearch,
} from '@tanstack/react-router'
import { useState } from 'react'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { LiveProvider } from '../api/live.tsx'
import { connectionsAddressSchema } from '../features/environments/address.ts'
import { EnvironmentsScreen } from '../features/environments/environments-screen.tsx'
import { GraphScreen } from '../features/graph/graph-screen.tsx'
import { viewStateSchema } from '../features/graph/view-state.ts'
import { PlaygroundCard } from '../features/playground/playground-card.tsx'
import { useEnvironment } from './environment.ts'
import { usePreferences } from './preferences.tsx'

/** Connections, with the graph lent to it for previews. */
export function EnvironmentsRoute() {
  const address = connectionsAddressSchema.parse(useSearch({ strict: false }))
  const navigate = useNavigate()
  const { chosen } = useEnvironment()
  const { singleKeys } = usePreferences()
  return (
    <EnvironmentsScreen
      address={address}
      go={(next) => void navigate({ to: '/environments', search: next })}
      openGraph={(env) => void navigate({ to: '/graph', search: { env } })}
      chosen={chosen}
      singleKeys={singleKeys}
      graphOf={(environment) => <PreviewGraph key={environment} environment={environment} />}
      playground={(isFirst, onCheck) => (
        <PlaygroundCard
          isFirst={isFirst}
          onOpen={() => void navigate({ to: '/graph', search: { env: playgroundEnvironment } })}
          onCheck={onCheck}
        />
      )}
    />
  )
}

/** The graph screen with an address and a live stream of its own, so that looking around in it does not leave the form. */
function PreviewGraph({ environment }: { readonly environment: string }) {
  const [router] = useState(() => {
    const root = createRootRoute()
    const graph = createRoute({
      getParentRoute: () => root,
      path: '/graph',
      validateSearch: viewStateSchema,
      component: () => <Preview environment={environment} />,
    })
    return createRouter({
      routeTree: root.addChildren([graph]),
      history: createMemoryHistory({ initialEntries: ['/graph'] }),
    })
  })
  return (
    <LiveProvider environment={environment}>
      <RouterProvider router={router} />
    </LiveProvider>
  )
}

function Preview({ environment }: { readonly environment: string }) {
  const { theme, singleKeys } = usePreferences()
  return <GraphScreen environment={environment} theme={theme} singleKeys={singleKeys} />
}
