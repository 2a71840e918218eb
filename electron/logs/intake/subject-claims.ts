import type { CaseClaim } from '../../../shared/domain/diagnosis/request-case.ts'
import { masked } from './mask.ts'
import { isObject } from './record-parser.ts'

/** For whom a request was made and who acts for them, as the input of a decision says it; OPA was told so, and nothing here proves it. */
export interface SubjectClaims {
  readonly user: CaseClaim
  readonly actor: CaseClaim
}

type Path = readonly string[]
/** Claims of one token, and where in the event they stand. */
interface Payload {
  readonly at: Path
  readonly claims: Readonly<Record<string, unknown>>
}

const jwtAuthn = 'envoy.filters.http.jwt_authn'
/** protojson of Envoy's CheckRequest has the first names; proto names are allowed in it too. */
const metadataPaths: readonly Path[] = [
  ['input', 'attributes', 'metadataContext', 'filterMetadata', jwtAuthn],
  ['input', 'attributes', 'metadata_context', 'filter_metadata', jwtAuthn],
]
/** Where those put the claims of a token who hand OPA an input of their own. Names that say that it is parsed. */
const parsedPaths: readonly Path[] = [
  ['input', 'claims'],
  ['input', 'parsed_token'],
  ['input', 'token', 'claims'],
  ['input', 'token', 'payload'],
  ['input', 'jwt', 'claims'],
  ['input', 'jwt', 'payload'],
]
const headersPath: Path = ['input', 'attributes', 'request', 'http', 'headers']
/** Headers that by their name say who the user is, of proxies that sign users in. Who calls could as well have written them. */
const userHeaders = ['x-auth-request-user', 'x-forwarded-user']
/** Headers that carry a token, in whose place a mask leaves something. */
const tokenHeader = /^(?:authorization|.*(?:token|jwt|assertion))$/
/** A filter names a payload for each provider; more than these are not looked at. */
const mostPayloads = 20
const longestValue = 200

/** `pointers`: JSON pointers of what was masked. Never throws. */
export function subjectClaimsIn(event: Readonly<Record<string, unknown>>, pointers: readonly string[]): SubjectClaims {
  const hidden = pointers.filter((pointer) => pointer.startsWith('/')).map(pathOf)
  const payloads = payloadsIn(event)
  const user = ofPayloads(payloads, [['sub']], hidden) ?? ofHeaders(event, hidden)
  const actor = ofPayloads(payloads, [['act', 'sub'], ['azp'], ['client_id']], hidden)
  const without = event['input'] === undefined ? 'no-input' : null
  return {
    user: user ?? notTold(payloads, hidden, headersHide(event, hidden), without),
    // Claims that were read say who acts, or that nobody does; a token beside them was not shown to be another.
    actor: actor ?? notTold(payloads, hidden, payloads.length === 0 && headersHide(event, hidden), without),
  }
}

/** The first of these claims that the tokens have; of several tokens that contradict each other none. */
function ofPayloads(payloads: readonly Payload[], names: readonly Path[], hidden: readonly Path[]): CaseClaim | null {
  for (const name of names) {
    const found = payloads.flatMap(({ at, claims }) => {
      const value = textAt(claims, name)
      return value === null ? [] : [{ value, path: [...at, ...name] }]
    })
    const [first] = found
    if (first === undefined) continue
    if (found.some(({ value, path }) => value === '***' || isHidden(path, hidden))) return { state: 'masked' }
    if (found.some(({ value }) => value !== first.value)) return { state: 'unknown', why: 'several' }
    return { state: 'known', value: first.value, claim: name.join('.'), at: pointerOf(first.path) }
  }
  const isTaken = payloads.some(({ at }) => names.some((name) => isHidden([...at, ...name], hidden)))
  return isTaken ? { state: 'masked' } : null
}

function ofHeaders(event: unknown, hidden: readonly Path[]): CaseClaim | null {
  for (const name of userHeaders) {
    const path = [...headersPath, name]
    const value = textAt(event, path)
    if (value === null) continue
    if (value.includes('***') || isHidden(path, hidden)) return { state: 'masked' }
    return { state: 'known', value, claim: null, at: pointerOf(path) }
  }
  return null
}

/** A mask lies where the claims would be, or where the token is. */
function notTold(
  payloads: readonly Payload[],
  hidden: readonly Path[],
  isTokenHidden: boolean,
  without: 'no-input' | null,
): CaseClaim {
  // Of claims that are there only what is asked for counts, and that was looked at.
  const isElsewhere = (path: Path): boolean =>
    payloads.some(({ at }) => at.length < path.length && startsWith(path, at) && !metadataPaths.some((of) => of === at))
  const isPlaceHidden = [...metadataPaths, ...parsedPaths].some((place) =>
    hidden.some((path) => startsWith(place, path) || (startsWith(path, place) && !isElsewhere(path))),
  )
  if (isPlaceHidden || isTokenHidden) return { state: 'masked' }
  return without === null ? { state: 'absent' } : { state: 'unknown', why: without }
}

function headersHide(event: unknown, hidden: readonly Path[]): boolean {
  const isOfUser = (name: string): boolean => tokenHeader.test(name) || userHeaders.includes(name)
  const headers = valueAt(event, headersPath)
  const byValue =
    isObject(headers) &&
    Object.entries(headers).some(
      ([name, value]) => isOfUser(name) && typeof value === 'string' && value.includes('***'),
    )
  return (
    byValue ||
    hidden.some(
      (path) =>
        startsWith(headersPath, path) ||
        (startsWith(path, headersPath) && isOfUser(path[headersPath.length]?.toLowerCase() ?? '')),
    )
  )
}

/** A payload lies under a name of the operator's choice, or right there. */
function payloadsIn(event: unknown): readonly Payload[] {
  const at = (path: Path): readonly Payload[] => {
    const claims = valueAt(event, path)
    return isObject(claims) ? [{ at: path, claims }] : []
  }
  const verified = metadataPaths.flatMap(at)
  const inside = verified.flatMap((of) =>
    Object.entries(of.claims)
      .slice(0, mostPayloads)
      // `act` of claims that lie right there is no payload of another provider.
      .flatMap(([name, claims]) => (isObject(claims) && name !== 'act' ? [{ at: [...of.at, name], claims }] : [])),
  )
  const ofFilter = [...verified, ...inside]
  // What Envoy verified is what counts; only without it, what others have parsed.
  const isTold = ofFilter.some(({ claims }) => Object.keys(claims).length > 0)
  return isTold ? ofFilter : parsedPaths.flatMap(at)
}

/** As text to show; null: there is none, or nothing of it can be seen. */
function textAt(value: unknown, path: Path): string | null {
  const found = valueAt(value, path)
  const text = typeof found === 'string' ? masked(found, longestValue).trim() : ''
  return text === '' ? null : text
}

function isHidden(path: Path, hidden: readonly Path[]): boolean {
  return hidden.some((each) => startsWith(path, each))
}

function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((part, index) => part === path[index])
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value
  for (const part of path) {
    if (!isObject(found) || !Object.hasOwn(found, part)) return undefined
    found = found[part]
  }
  return found
}

/** RFC 6901. */
function pathOf(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function pointerOf(path: Path): string {
  return masked(path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''), 300)
}
