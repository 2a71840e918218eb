import type { FaultId } from '../../../shared/faults/index.ts'
import type { PlaygroundFault } from '../parts.ts'
import { agentDown } from './agent-down.ts'
import { bundleBadSignature, oldBundle, policyDenies, staleBundle, undefinedDecision } from './bundles.ts'
import { clockSkew } from './clock-skew.ts'
import {
  clusterSpiffeIdSelectsNothing,
  networkPolicyBlocks,
  networkPolicyMissing,
  unsignedImageAdmitted,
} from './cluster-objects.ts'
import {
  accessAtThree,
  brokenStageSignature,
  lateralCall,
  lostUserIdentity,
  spoofedIdentityHeader,
  trafficBurst,
} from './conduct.ts'
import { entryDeleted } from './entry-deleted.ts'
import { expiredSvid } from './expired-svid.ts'
import { failOpen, opaDown, opaHanging, opaSlow } from './opa.ts'
import { oneSidedTls, plaintextHop } from './plaintext.ts'
import { sdsOldCertificate } from './sds-old-certificate.ts'
import { untrustedBundle } from './untrusted-bundle.ts'
import { leaseOverOneHour, orphanedLease, vaultDenied, vaultRateLimited, vaultSealed } from './vault.ts'
import { hopWithoutIdentity, unregisteredWorkload } from './without-identity.ts'
import { wrongSpiffeIdRequired } from './wrong-spiffe-id-required.ts'

/** How the playground makes each fault of `shared/faults` that it can make. */
export const playgroundFaults: ReadonlyMap<FaultId, PlaygroundFault> = new Map<FaultId, PlaygroundFault>([
  ['expired-svid', expiredSvid],
  ['wrong-spiffe-id-required', wrongSpiffeIdRequired],
  ['opa-down', opaDown],
  ['opa-hanging', opaHanging],
  ['fail-open', failOpen],
  ['plaintext-hop', plaintextHop],
  ['policy-denies', policyDenies],
  ['bundle-bad-signature', bundleBadSignature],
  ['stale-bundle', staleBundle],
  ['old-bundle', oldBundle],
  ['entry-deleted', entryDeleted],
  ['hop-without-identity', hopWithoutIdentity],
  ['unregistered-workload', unregisteredWorkload],
  ['cluster-spiffe-id-selects-nothing', clusterSpiffeIdSelectsNothing],
  ['network-policy-blocks', networkPolicyBlocks],
  ['network-policy-missing', networkPolicyMissing],
  ['lateral-call', lateralCall],
  ['spoofed-identity-header', spoofedIdentityHeader],
  ['lost-user-identity', lostUserIdentity],
  ['broken-stage-signature', brokenStageSignature],
  ['vault-sealed', vaultSealed],
  ['vault-rate-limited', vaultRateLimited],
  ['vault-denied', vaultDenied],
  ['lease-over-one-hour', leaseOverOneHour],
  ['orphaned-lease', orphanedLease],
  ['agent-down', agentDown],
  ['sds-old-certificate', sdsOldCertificate],
  ['untrusted-bundle-after-rotation', untrustedBundle],
  ['clock-skew', clockSkew],
  ['one-sided-tls', oneSidedTls],
  ['opa-slow', opaSlow],
  ['undefined-decision', undefinedDecision],
  ['unsigned-image-admitted', unsignedImageAdmitted],
  ['traffic-burst', trafficBurst],
  ['access-at-three', accessAtThree],
])
