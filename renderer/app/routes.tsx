import { createHashHistory, createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router'
import { viewStateSchema } from '../features/graph/view-state.ts'
import { Frame } from './frame.tsx'
import { GraphRoute } from './graph-route.tsx'

/** The address after the hash is the whole state of a view: environment, filter, selection, layers. */
export function createAppRouter() {
  const root = createRootRoute({ component: Frame })
  const graph = createRoute({
    getParentRoute: () => root,
    path: '/graph',
    validateSearch: viewStateSchema,
    component: GraphRoute,
  })
  const home = createRoute({
    getParentRoute: () => root,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/graph' })
    },
  })
  return createRouter({
    routeTree: root.addChildren([home, graph]),
    history: createHashHistory(),
    defaultNotFoundComponent: () => <GraphRoute />,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
