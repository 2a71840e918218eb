import type { Injection } from '../controls.ts'
import * as bundleBadSignature from './bundle-bad-signature.ts'
import { clusterInjections } from './cluster/index.ts'
import * as entryDeleted from './entry-deleted.ts'
import * as expiredSvid from './expired-svid.ts'
import * as failOpen from './fail-open.ts'
import * as hopWithoutIdentity from './hop-without-identity.ts'
import * as opaDown from './opa-down.ts'
import * as opaHanging from './opa-hanging.ts'
import * as plaintextHop from './plaintext-hop.ts'
import * as policyDenies from './policy-denies.ts'
import * as staleBundle from './stale-bundle.ts'
import * as wrongSpiffeIdRequired from './wrong-spiffe-id-required.ts'

/** How the lab of a tier makes each fault of `shared/faults`, by its id. The second tier makes those of the first too. */
export function injectionsOf(tier: 1 | 2): ReadonlyMap<string, Injection> {
  return tier === 1 ? injections : new Map([...injections, ...clusterInjections])
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
])
