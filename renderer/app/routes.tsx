import { createHashHistory, createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router'
import { diagnoseAddressSchema } from '../features/diagnose/address.ts'
import { connectionsAddressSchema } from '../features/environments/address.ts'
import { viewStateSchema } from '../features/graph/view-state.ts'
import { policyAddressSchema } from '../features/policy/address.ts'
import { DiagnoseRoute } from './diagnose-route.tsx'
import { EnvironmentsRoute } from './environments-route.tsx'
import { Frame } from './frame.tsx'
import { GraphRoute } from './graph-route.tsx'
import { PolicyRoute } from './policy-route.tsx'
import { startScreen } from './preferences.tsx'

/** The address after the hash is the whole state of a view: environment, filter, selection, layers. */
export function createAppRouter() {
  const root = createRootRoute({ component: Frame })
  const graph = createRoute({
    getParentRoute: () => root,
    path: '/graph',
    validateSearch: viewStateSchema,
    component: GraphRoute,
  })
  const diagnose = createRoute({
    getParentRoute: () => root,
    path: '/diagnose',
    validateSearch: diagnoseAddressSchema,
    component: DiagnoseRoute,
  })
  const policy = createRoute({
    getParentRoute: () => root,
    path: '/policy',
    validateSearch: policyAddressSchema,
    component: PolicyRoute,
  })
  const environments = createRoute({
    getParentRoute: () => root,
    path: '/environments',
    validateSearch: connectionsAddressSchema,
    component: EnvironmentsRoute,
  })
  const home = createRoute({
    getParentRoute: () => root,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: startScreen() })
    },
  })
  return createRouter({
    routeTree: root.addChildren([home, graph, diagnose, policy, environments]),
    history: createHashHistory(),
    defaultNotFoundComponent: () => <GraphRoute />,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
