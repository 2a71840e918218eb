import { expect, test } from 'vitest'
import { emptyForm, formOfInput, inputOfForm } from './request-form.ts'

const gateway = 'spiffe://pipeline.example/ns/ai/sa/gateway'

test('a form becomes the input that the Envoy plugin would get', () => {
  const made = inputOfForm({
    ...emptyForm,
    caller: gateway,
    path: '/v1/plans',
    headers: 'X-Request-Id: r-1\n\n:authority: plans:443',
    classification: 'internal',
  })
  expect(made).toEqual({
    ok: true,
    input: {
      attributes: {
        source: { principal: gateway },
        destination: {},
        request: {
          http: {
            method: 'POST',
            path: '/v1/plans',
            headers: { 'x-request-id': 'r-1', ':authority': 'plans:443', 'x-data-classification': 'internal' },
          },
        },
      },
    },
  })
})

test('claims become a token of three parts whose claims can be read', () => {
  const made = inputOfForm({ ...emptyForm, claims: '{"sub":"Zoë","rights":["ask"]}', tokenHeader: 'x-user-token' })
  const token = /"x-user-token":"([^"]+)"/.exec(JSON.stringify(made))?.[1] ?? ''
  const [, claims = '', signature] = token.split('.')
  const bytes = Uint8Array.from(atob(claims.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  )
  expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({ sub: 'Zoë', rights: ['ask'] })
  expect(signature).not.toBe('')
  expect(JSON.stringify(inputOfForm({ ...emptyForm, claims: '{}' }))).toContain('"authorization":"Bearer ')
})

test('what cannot be read is said with its place', () => {
  expect(inputOfForm({ ...emptyForm, headers: 'a: b\nno colon' })).toMatchObject({
    ok: false,
    field: 'headers',
    problem: 'Line 2 has no colon: write “name: value”.',
  })
  expect(inputOfForm({ ...emptyForm, claims: '[1]' })).toMatchObject({ ok: false, field: 'claims' })
})

test('a recorded input fills the form, and says which headers were masked', () => {
  const input = {
    attributes: {
      source: { principal: gateway },
      destination: { principal: 'spiffe://x/y' },
      request: {
        http: {
          method: 'GET',
          path: '/a',
          headers: {
            ':authority': 'b',
            'x-user-token': '***',
            'x-data-classification': 'internal',
            'x-request-id': 'r',
          },
        },
      },
    },
  }
  const { form, masked } = formOfInput(input, emptyForm)
  expect(masked).toEqual(['x-user-token'])
  expect(form).toEqual({
    ...emptyForm,
    caller: gateway,
    callee: 'spiffe://x/y',
    method: 'GET',
    path: '/a',
    headers: 'x-request-id: r',
    classification: 'internal',
    tokenHeader: 'x-user-token',
  })
  expect(formOfInput(null, emptyForm)).toEqual({ form: emptyForm, masked: [] })
})
