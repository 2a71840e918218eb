import type { ReasonCode } from '../domain/graph/reasons.ts'
import { clock, count, figure, has, instancesOf, type Params, quoted, word } from './param-text.ts'

type Code = Extract<
  ReasonCode,
  | 'workload-verified'
  | `svid-${string}`
  | 'secret-warming'
  | 'envoy-not-live'
  | 'envoy-clock-off'
  | 'opa-not-answering'
  | 'bundle-error'
  | 'bundle-stale'
  | 'entry-gone'
  | 'declaration-gone'
  | 'agent-gone'
  | 'agent-banned'
  | 'agent-expired'
  | 'identity-claimed-falsely'
  | 'signatures-refused'
  | `user-identity-${string}`
  | `no-svid-${string}`
  | `no-certificate-${string}`
  | 'envoy-silent'
  | 'envoy-not-read-yet'
  | 'leaf-not-read'
  | 'registered-only'
  | 'declared-only'
  | 'serves-pipeline'
  | 'named-by-peers-only'
  | 'seen-by-peers-only'
  | 'intended-only'
  | 'other-trust-domain'
  | 'address-only'
>

const name = (params: Params) => word(params, 'name')
const have = (params: Params) => (count(params, 'instances') > 1 ? 'have' : 'has')

const whichWay = (params: Params) => (word(params, 'direction') === 'ahead' ? 'ahead of' : 'behind')

const cause = (params: Params) => (has(params, 'cause') ? `; the last time: ${quoted(params, 'cause')}` : '')

/** Why a workload has its state. */
export const workloadReasons: Readonly<Record<Code, (params: Params) => string>> = {
  'workload-verified': (p) =>
    `${name(p)} has an SVID that is valid until ${clock(p, 'notAfter')}` +
    (count(p, 'instances') > 1
      ? `, on all of its ${figure(p, 'instances')} Envoys, and they are live.`
      : ', and its Envoy is live.'),
  'svid-expired': (p) => `${instancesOf(p)} ${have(p)} an SVID that expired at ${clock(p, 'notAfter')}.`,
  'svid-not-yet-valid': (p) => `${instancesOf(p)} ${have(p)} an SVID that is valid only from ${clock(p, 'notBefore')}.`,
  'svid-not-renewed': (p) =>
    `${instancesOf(p)} ${have(p)} an SVID that should have been renewed at ${clock(p, 'renewalAt')}. It expires at ${clock(p, 'notAfter')}.`,
  'secret-warming': (p) => `${instancesOf(p)} ${have(p)} no SVID: SDS has not delivered ${quoted(p, 'secret')}.`,
  'envoy-not-live': (p) =>
    `The Envoy ${word(p, 'envoy')} says ${quoted(p, 'state')}, not LIVE.` +
    (has(p, 'waitingFor') ? ` It waits for ${quoted(p, 'waitingFor')}.` : ''),
  'envoy-clock-off': (p) =>
    `The clock of the Envoy ${word(p, 'envoy')} is ${figure(p, 'seconds')} s ${whichWay(p)} this computer’s` +
    (word(p, 'direction') === 'behind'
      ? ': it may take a fresh SVID for not yet valid.'
      : ': it may take an SVID for expired before it is.'),
  'opa-not-answering': (p) =>
    `${word(p, 'opa')}, which decides for ${name(p)}, does not answer: ${quoted(p, 'detail')}.`,
  'bundle-error': (p) =>
    `${word(p, 'opa')}, which decides for ${name(p)}, could not load the bundle ${word(p, 'bundle')}: ` +
    (has(p, 'message') ? quoted(p, 'message') : quoted(p, 'code')) +
    '. It keeps the revision it had.',
  'bundle-stale': (p) =>
    `${word(p, 'opa')}, which decides for ${name(p)}, ` +
    (has(p, 'fetchedAt')
      ? `last fetched the bundle ${word(p, 'bundle')} at ${clock(p, 'fetchedAt')}; the limit is ${figure(p, 'limitSeconds')} s.`
      : `has never fetched the bundle ${word(p, 'bundle')}.`),
  'entry-gone': (p) =>
    `The registration entry of ${quoted(p, 'spiffeId')} is gone; its SVID will not be renewed after ${clock(p, 'notAfter')}.`,
  'declaration-gone': (p) =>
    `No ClusterSPIFFEID or ClusterStaticEntry of ${word(p, 'cluster')} declares ${quoted(p, 'spiffeId')} any more, and SPIRE’s own entries cannot be read. Unless it has an entry made by hand, its SVID will not be renewed after ${clock(p, 'notAfter')}.`,
  'agent-gone': (p) =>
    `The SPIRE agent ${quoted(p, 'agent')}, which renews the SVID of ${name(p)}, is not known to the SPIRE server.`,
  'agent-banned': (p) => `The SPIRE agent ${quoted(p, 'agent')} is banned; it will not renew the SVID of ${name(p)}.`,
  'agent-expired': (p) =>
    `The SPIRE agent ${quoted(p, 'agent')} has not renewed its own SVID, which expired at ${clock(p, 'notAfter')}; it will not renew that of ${name(p)}.`,
  'identity-claimed-falsely': (p) =>
    `${figure(p, 'requests')} ${count(p, 'requests') === 1 ? 'request' : 'requests'} from ${word(p, 'caller')} to ${name(p)} came with a header that says ${quoted(p, 'claimed')} sent them, ` +
    (has(p, 'proved') ? `and with the certificate of ${quoted(p, 'proved')}.` : 'and without a certificate.') +
    ` Let the Envoy of ${name(p)} replace x-forwarded-client-cert (forward_client_cert_details: SANITIZE_SET).`,
  'signatures-refused': (p) =>
    `Between ${word(p, 'caller')} and ${name(p)}, ${figure(p, 'failed')} of ${figure(p, 'total')} outputs were refused because their stage signature did not prove them${cause(p)}.`,
  'user-identity-lost': (p) =>
    `${figure(p, 'failed')} of ${figure(p, 'total')} requests from ${word(p, 'caller')} to ${name(p)} came without the identity of the user behind them.`,
  'user-identity-refused': (p) =>
    `${figure(p, 'failed')} of ${figure(p, 'total')} requests from ${word(p, 'caller')} to ${name(p)} came with a user token that proves no user there${cause(p)}.`,
  'no-svid-no-entry': (p) =>
    `${instancesOf(p)} ${have(p)} no SVID: SPIRE has no registration entry for ${quoted(p, 'spiffeId')}.`,
  'no-svid-not-declared': (p) =>
    `${instancesOf(p)} ${have(p)} no SVID: no ClusterSPIFFEID or ClusterStaticEntry of ${word(p, 'cluster')} declares ${quoted(p, 'spiffeId')}. SPIRE’s own entries cannot be read.`,
  'no-svid-configured': (p) => `The Envoy ${word(p, 'envoy')} of ${name(p)} has no certificate configured.`,
  'no-certificate-presented': (p) => `Calls from ${word(p, 'address')} arrive without a client certificate.`,
  'no-certificate-accepted': (p) => `Calls from ${word(p, 'address')} present no certificate that was accepted.`,
  'envoy-silent': (p) =>
    `The Envoy ${word(p, 'envoy')} of ${name(p)} does not answer.` +
    (has(p, 'lastReadAt') ? ` It was last read at ${clock(p, 'lastReadAt')}.` : ' It has never been read.'),
  'envoy-not-read-yet': (p) => `The Envoy ${word(p, 'envoy')} of ${name(p)} has not been read yet.`,
  'leaf-not-read': (p) => `The certificates of the Envoy ${word(p, 'envoy')} of ${name(p)} cannot be read now.`,
  'registered-only': (p) =>
    `SPIRE has a registration entry for ${name(p)}. No Envoy of it is configured in this environment, so its SVID is not seen.`,
  'serves-pipeline': (p) =>
    `${name(p)} runs ${word(p, 'program')}, as the image of the pod ${quoted(p, 'pod')} says: it serves the pipeline and is no stage of it. No Envoy stands beside it that could be read.`,
  'declared-only': (p) =>
    `An object of the cluster declares an identity for ${name(p)}. No Envoy of it is found, so its SVID is not seen.`,
  'named-by-peers-only': (p) =>
    `Only the configuration of its peers names ${name(p)}. No Envoy of it is configured in this environment.`,
  'seen-by-peers-only': (p) =>
    `${name(p)} is seen only in the logs of its peers. No Envoy of it is configured in this environment.`,
  'intended-only': (p) => `Only intent.yaml names ${name(p)}. Nothing of it was found.`,
  'other-trust-domain': (p) => `${name(p)} belongs to another trust domain, ${quoted(p, 'trustDomain')}.`,
  'address-only': (p) => `Only the address ${word(p, 'address')} is known of it: no SPIFFE ID and no Envoy.`,
}
