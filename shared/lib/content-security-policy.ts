/**
 * What the page may load and do, the same behind every door: only our own files run, and nothing may be loaded from or sent
 * to anywhere else. `style-src 'unsafe-inline'`: components place themselves by style attributes, and the policy editor writes its
 * colours into style elements, for which it knows no nonce (docs/decisions). No script of a page gains by it: none is inline.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
