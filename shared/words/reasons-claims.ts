import type { ReasonCode } from '../domain/graph/reasons.ts'
import { count, figure, has, type Params, quoted, windowText, word } from './param-text.ts'

type Code = Extract<ReasonCode, `claims-${string}`>

const caller = (params: Params) => word(params, 'caller')
const callee = (params: Params) => word(params, 'callee')
const requests = (params: Params) =>
  `${figure(params, 'requests')} ${count(params, 'requests') === 1 ? 'request' : 'requests'}`

/** What requests of a hop say about who sent them, and what the handshake proves of it. */
export const claimReasons: Readonly<Record<Code, (params: Params) => string>> = {
  'claims-unlogged': (p) =>
    `Nothing that is read shows what requests from ${caller(p)} say about who sent them: the access log of ${callee(p)} has no x-forwarded-client-cert.`,
  'claims-none': (p) =>
    `${requests(p)} from ${caller(p)} in ${windowText(p)} carried no statement about who sent them. ${callee(p)} can go by the certificate alone.`,
  'claims-consistent': (p) =>
    `${requests(p)} from ${caller(p)} in ${windowText(p)} named the sender that the certificate proves, and no other.`,
  'claims-forwarded': (p) =>
    `${requests(p)} from ${caller(p)} in ${windowText(p)} say that ${quoted(p, 'claimed')} called ${caller(p)}. This hop proves only ${caller(p)}; the rest is its word.`,
  'claims-contradicted': (p) =>
    `${requests(p)} from ${caller(p)} in ${windowText(p)} say in x-forwarded-client-cert that they come from ${quoted(p, 'claimed')}, ` +
    (has(p, 'proved') ? `but the certificate proves ${quoted(p, 'proved')}.` : 'and no certificate proves it.') +
    ` The Envoy of ${callee(p)} hands that on: whoever reads the header takes the caller for another.`,
}
