/** A request as somebody describes it, in the words of the pipeline. */
export interface RequestForm {
  /** SPIFFE IDs; empty: there is none. */
  readonly caller: string
  readonly callee: string
  readonly method: string
  readonly path: string
  /** Lines of `name: value`. */
  readonly headers: string
  readonly classification: string
  readonly classificationHeader: string
  /** Claims of the user's token, as JSON; empty: no token. */
  readonly claims: string
  readonly tokenHeader: string
}

export const emptyForm: RequestForm = {
  caller: '',
  callee: '',
  method: 'POST',
  path: '/',
  headers: '',
  classification: '',
  classificationHeader: 'x-data-classification',
  claims: '',
  tokenHeader: 'authorization',
}

export type FormInput =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly field: 'headers' | 'claims'; readonly problem: string }

/**
 * The input that OPA's Envoy plugin would get of it: envoy.service.auth.v3.CheckRequest in protobuf's JSON form. A principal
 * that is empty is left out, as Envoy does without a verified certificate.
 */
export function inputOfForm(form: RequestForm): FormInput {
  const headers: Record<string, string> = {}
  for (const [index, line] of form.headers.split('\n').entries()) {
    if (line.trim() === '') continue
    // Pseudo-headers of HTTP/2 begin with the colon.
    const at = line.indexOf(':', 1)
    if (at < 0) return { ok: false, field: 'headers', problem: `Line ${index + 1} has no colon: write “name: value”.` }
    headers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim()
  }
  const classificationHeader = form.classificationHeader.trim().toLowerCase()
  if (form.classification.trim() !== '' && classificationHeader !== '')
    headers[classificationHeader] = form.classification.trim()
  if (form.claims.trim() !== '') {
    const claims = jsonOf(form.claims)
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
      return { ok: false, field: 'claims', problem: 'The claims are no JSON object, such as {"sub": "ann"}.' }
    }
    const header = form.tokenHeader.trim().toLowerCase()
    headers[header] = header === 'authorization' ? `Bearer ${madeUpToken(claims)}` : madeUpToken(claims)
  }
  const principal = (id: string) => (id === '' ? {} : { principal: id })
  return {
    ok: true,
    input: {
      attributes: {
        source: principal(form.caller),
        destination: principal(form.callee),
        request: { http: { method: form.method, path: form.path, headers } },
      },
    },
  }
}

/** A token with these claims and a signature that no key made: a policy that verifies it refuses it. */
function madeUpToken(claims: object): string {
  return [{ alg: 'ES256', typ: 'JWT' }, claims]
    .map((part) => base64url(JSON.stringify(part)))
    .join('.')
    .concat('.', base64url('not signed'))
}

function base64url(text: string): string {
  const bytes = new TextEncoder().encode(text)
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

/**
 * The form for a recorded input. Headers that were masked are left out and named: what they held is not known. The first one
 * that speaks of a token or a classification says where those stand in this pipeline.
 */
export function formOfInput(
  input: unknown,
  before: RequestForm,
): { readonly form: RequestForm; readonly masked: readonly string[] } {
  const http = member(member(member(input, 'attributes'), 'request'), 'http')
  const headers = member(http, 'headers')
  const all = typeof headers === 'object' && headers !== null ? Object.entries(headers) : []
  const texts = all.flatMap(([name, value]): [string, string][] => (typeof value === 'string' ? [[name, value]] : []))
  const masked = texts.filter(([, value]) => value === '***').map(([name]) => name)
  const classification = texts.find(([name]) => /classif/i.test(name)) ?? null
  const token =
    texts.find(([name, value]) => /token/i.test(name) && value === '***') ??
    texts.find(([name]) => name === 'authorization') ??
    null
  const rest = texts.filter(
    ([name, value]) => value !== '***' && name !== classification?.[0] && name !== token?.[0] && !name.startsWith(':'),
  )
  return {
    masked,
    form: {
      ...before,
      caller: text(member(member(member(input, 'attributes'), 'source'), 'principal')) ?? before.caller,
      callee: text(member(member(member(input, 'attributes'), 'destination'), 'principal')) ?? before.callee,
      method: text(member(http, 'method')) ?? before.method,
      path: text(member(http, 'path')) ?? before.path,
      headers: rest.map(([name, value]) => `${name}: ${value}`).join('\n'),
      classification: classification?.[1] ?? before.classification,
      classificationHeader: classification?.[0] ?? before.classificationHeader,
      tokenHeader: token?.[0] ?? before.tokenHeader,
    },
  }
}

export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

export function jsonOf(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch {
    return undefined
  }
}
