import type { Injection } from '../../controls.ts'
import * as brokenStageSignature from './broken-stage-signature.ts'
import * as clusterSpiffeIdSelectsNothing from './cluster-spiffe-id-selects-nothing.ts'
import * as lateralCall from './lateral-call.ts'
import * as lostUserIdentity from './lost-user-identity.ts'
import * as networkPolicyBlocks from './network-policy-blocks.ts'
import * as networkPolicyMissing from './network-policy-missing.ts'
import * as spoofedIdentityHeader from './spoofed-identity-header.ts'
import * as unregisteredWorkload from './unregistered-workload.ts'
import * as unsignedImageAdmitted from './unsigned-image-admitted.ts'

/** How the lab makes the faults that need its second tier. */
export const clusterInjections: ReadonlyMap<string, Injection> = new Map<string, Injection>([
  ['unregistered-workload', unregisteredWorkload],
  ['cluster-spiffe-id-selects-nothing', clusterSpiffeIdSelectsNothing],
  ['network-policy-blocks', networkPolicyBlocks],
  ['network-policy-missing', networkPolicyMissing],
  ['lateral-call', lateralCall],
  ['spoofed-identity-header', spoofedIdentityHeader],
  ['lost-user-identity', lostUserIdentity],
  ['broken-stage-signature', brokenStageSignature],
  ['unsigned-image-admitted', unsignedImageAdmitted],
])
