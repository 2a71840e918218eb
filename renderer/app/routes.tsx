import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router'
import { momentAddressSchema } from '../api/moment-address.ts'
import { diagnoseAddressSchema } from '../features/diagnose/address.ts'
import { connectionsAddressSchema } from '../features/environments/address.ts'
import { evidenceAddressSchema } from '../features/evidence/address.ts'
import { viewStateSchema } from '../features/graph/view-state.ts'
import { policyAddressSchema } from '../features/policy/address.ts'
import { DiagnoseRoute } from './diagnose-route.tsx'
import { EnvironmentsRoute } from './environments-route.tsx'
import { EvidenceRoute } from './evidence-route.tsx'
import { Frame } from './frame.tsx'
import { GraphRoute } from './graph-route.tsx'
import { PolicyRoute } from './policy-route.tsx'
import { startScreen } from './preferences.tsx'

/** The address after the hash is the whole state of a view: environment, time, filter, selection, layers. */
export function createAppRouter() {
  const root = createRootRoute({
    component: Frame,
    validateSearch: momentAddressSchema,
    // Somebody who looks at the past keeps looking at it on the next screen, until they go back.
    search: { middlewares: [retainSearchParams(['at'])] },
  })
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
  const evidence = createRoute({
    getParentRoute: () => root,
    path: '/evidence',
    validateSearch: evidenceAddressSchema,
    component: EvidenceRoute,
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
    routeTree: root.addChildren([home, graph, diagnose, policy, evidence, environments]),
    history: createHashHistory(),
    defaultNotFoundComponent: () => <GraphRoute />,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
