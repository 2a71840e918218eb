import fc from 'fast-check'
import { expect, test } from 'vitest'
import { subjectClaimsIn } from './subject-claims.ts'

const filter = 'envoy.filters.http.jwt_authn'
const verifiedAt = `/input/attributes/metadataContext/filterMetadata/${filter}/verified`
const withPayloads = (payloads: unknown, more: object = {}) => ({
  input: { attributes: { metadataContext: { filterMetadata: { [filter]: payloads } }, ...more } },
})
const withHeaders = (headers: object) => ({ input: { attributes: { request: { http: { headers } } } } })
const states = (event: object, pointers: readonly string[] = []) => {
  const { user, actor } = subjectClaimsIn({ ...event }, pointers)
  return [user.state, actor.state]
}

test('claims that Envoy verified say for whom and by whom, with the place in the record', () => {
  const event = withPayloads({
    verified: { sub: 'alice', azp: 'portal', act: { sub: 'agent-7', act: { sub: 'agent-1' } } },
  })
  expect(subjectClaimsIn(event, [])).toEqual({
    user: { state: 'known', value: 'alice', claim: 'sub', at: `${verifiedAt}/sub` },
    // The latest who acts is the outermost (RFC 8693, 4.1).
    actor: { state: 'known', value: 'agent-7', claim: 'act.sub', at: `${verifiedAt}/act/sub` },
  })
  for (const claim of ['azp', 'client_id']) {
    expect(subjectClaimsIn(withPayloads({ verified: { sub: 'alice', [claim]: 'portal' } }), []).actor).toMatchObject({
      value: 'portal',
      claim,
    })
  }
})

test('proto names, a payload without a name, and claims that others have parsed are read too', () => {
  const proto = { attributes: { metadata_context: { filter_metadata: { [filter]: { sub: 'alice' } } } } }
  expect(subjectClaimsIn({ input: proto }, []).user).toMatchObject({ value: 'alice' })
  expect(subjectClaimsIn({ input: { token: { payload: { sub: 'alice' } } } }, []).user).toMatchObject({
    at: '/input/token/payload/sub',
  })
})

test('of an issuer with slashes the pointer is escaped, and its mask is understood', () => {
  const event = withPayloads({ 'https://idp.example': { sub: 'alice' } })
  const at = `/input/attributes/metadataContext/filterMetadata/${filter}/https:~1~1idp.example/sub`
  expect(subjectClaimsIn(event, []).user).toMatchObject({ at })
  expect(states(event, [at])).toEqual(['masked', 'absent'])
})

test('tokens that contradict each other name nobody', () => {
  const event = withPayloads({ one: { sub: 'alice' }, other: { sub: 'mallory' } })
  expect(subjectClaimsIn(event, []).user).toEqual({ state: 'unknown', why: 'several' })
})

test('a token that is not parsed is never read, only a header that names the user', () => {
  expect(states(withHeaders({ authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWxsb3J5In0.' }))).toEqual([
    'absent',
    'absent',
  ])
  expect(subjectClaimsIn(withHeaders({ 'x-forwarded-user': 'alice' }), []).user).toEqual({
    state: 'known',
    value: 'alice',
    claim: null,
    at: '/input/attributes/request/http/headers/x-forwarded-user',
  })
})

test.each<[string, object, readonly string[], readonly string[]]>([
  ['the claim', withPayloads({ verified: {} }), [`${verifiedAt}/sub`], ['masked', 'absent']],
  ['who acts', withPayloads({ verified: { sub: 'alice' } }), [`${verifiedAt}/act`], ['known', 'masked']],
  ['a claim replaced', withPayloads({ verified: { sub: '***' } }), [], ['masked', 'absent']],
  [
    'a claim replaced by another text',
    withPayloads({ verified: { sub: 'x' } }),
    [`${verifiedAt}/sub`],
    ['masked', 'absent'],
  ],
  ['all metadata', { input: { attributes: {} } }, ['/input/attributes/metadataContext'], ['masked', 'masked']],
  ['the whole input', {}, ['/input'], ['masked', 'masked']],
  ['a token', withHeaders({ 'x-user-token': '***' }), [], ['masked', 'masked']],
  [
    'a token by pointer',
    withHeaders({}),
    ['/input/attributes/request/http/headers/authorization'],
    ['masked', 'masked'],
  ],
  ['a certificate', withHeaders({}), ['/input/attributes/source/certificate'], ['absent', 'absent']],
  ['nothing, with a pointer that is none', withHeaders({}), ['input', ''], ['absent', 'absent']],
  ['nothing, and the input is not held', {}, [], ['unknown', 'unknown']],
])('what is masked is told as masked: %s', (_what, event, pointers, expected) => {
  expect(states(event, pointers)).toEqual(expected)
})

test('what a claim says cannot be seen through, is cut, and holds no secret', () => {
  const told = subjectClaimsIn(
    withPayloads({ verified: { sub: `al\u001b[2J\u202eice token=hunter2 ${'x'.repeat(9000)}` } }),
    [],
  )
  if (told.user.state !== 'known') throw new Error('it has a user')
  expect(told.user.value).toMatch(/^al \[2J ice token=\*\*\* x+…$/)
  expect(told.user.value.length).toBeLessThanOrEqual(200)
  expect(states(withPayloads({ verified: { sub: '\u200b\u200b' } }))).toEqual(['absent', 'absent'])
  expect(states(withPayloads({ verified: { sub: ['alice'], act: 'agent', azp: 7 } }))).toEqual(['absent', 'absent'])
  expect(states(withPayloads(JSON.parse('{"__proto__":{"sub":"alice"}}').verified))).toEqual(['absent', 'absent'])
})

test('no event makes it throw', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.array(fc.string()),
      fc.jsonValue(),
      (event, pointers, at) => {
        for (const input of [event['input'], at]) {
          const { user, actor } = subjectClaimsIn({ ...event, input }, pointers)
          expect([user.state, actor.state].every((state) => state !== 'known' || input !== undefined)).toBe(true)
        }
        expect(states(withPayloads(at), pointers)).toHaveLength(2)
      },
    ),
    { numRuns: 200 },
  )
})
