import { authorisationServer, opaAddresses } from './authorisation-server.ts'
import { clusterAddresses } from './cluster-addresses.ts'
import { declaredRegistration } from './declared-registration.ts'
import { envoyAcceptors } from './envoy-acceptors.ts'
import { envoyAddresses } from './envoy-addresses.ts'
import { envoyIdentity, envoyIsWorkload } from './envoy-identity.ts'
import { envoyRoutes } from './envoy-routes.ts'
import { identityClaims } from './identity-claims.ts'
import { loggedCalls } from './logged-calls.ts'
import { loggedDecisions } from './logged-decisions.ts'
import { registration } from './registration.ts'
import type { LinkingRelation, PublishingRelation } from './relation.ts'

/** All relations. What intent wants is joined in `weave/intended.ts`, because it depends on which workloads exist. */
export const publishingRelations: readonly PublishingRelation[] = [
  envoyIdentity,
  envoyAddresses,
  opaAddresses,
  clusterAddresses,
]

export const linkingRelations: readonly LinkingRelation[] = [
  envoyIsWorkload,
  envoyRoutes,
  envoyAcceptors,
  authorisationServer,
  registration,
  declaredRegistration,
  loggedCalls,
  loggedDecisions,
  identityClaims,
]
