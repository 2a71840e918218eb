/**
 * What the page may load and do, the same behind every door: only our own files run, and nothing may be loaded from or sent
 * to anywhere else. `style-src-attr`: components place themselves by style attributes; no style sheet but our own is allowed.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
