import type { Injection } from '../controls.ts'
import type { Tier } from '../plan.ts'
import * as bundleBadSignature from './bundle-bad-signature.ts'
import { clusterInjections } from './cluster/index.ts'
import * as entryDeleted from './entry-deleted.ts'
import * as expiredSvid from './expired-svid.ts'
import * as failOpen from './fail-open.ts'
import * as hopWithoutIdentity from './hop-without-identity.ts'
import * as oneSidedTls from './one-sided-tls.ts'
import * as opaDown from './opa-down.ts'
import * as opaHanging from './opa-hanging.ts'
import * as plaintextHop from './plaintext-hop.ts'
import * as policyDenies from './policy-denies.ts'
import * as staleBundle from './stale-bundle.ts'
import * as undefinedDecision from './undefined-decision.ts'
import { vaultInjections } from './vault/index.ts'
import * as wrongSpiffeIdRequired from './wrong-spiffe-id-required.ts'

/** How the lab of a tier makes each fault of `shared/faults`, by its id. A tier makes those of the ones below it too. */
export function injectionsOf(tier: Tier): ReadonlyMap<string, Injection> {
  return new Map([...injections, ...(tier >= 2 ? clusterInjections : []), ...(tier === 3 ? vaultInjections : [])])
}

const injections: ReadonlyMap<string, Injection> = new Map<string, Injection>([
  ['expired-svid', expiredSvid],
  ['wrong-spiffe-id-required', wrongSpiffeIdRequired],
  ['opa-down', opaDown],
  ['opa-hanging', opaHanging],
  ['fail-open', failOpen],
  ['plaintext-hop', plaintextHop],
  ['policy-denies', policyDenies],
  ['bundle-bad-signature', bundleBadSignature],
  ['stale-bundle', staleBundle],
  ['entry-deleted', entryDeleted],
  ['hop-without-identity', hopWithoutIdentity],
  ['one-sided-tls', oneSidedTls],
  ['undefined-decision', undefinedDecision],
])
