import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claimIn } from './identity-claim.ts'

const id = (name: string) => `spiffe://pipeline.example/ns/ai/sa/${name}`
const [application, gateway, orchestrator] = [id('application'), id('gateway'), id('orchestrator')]

test('what the callee’s Envoy writes of the presented certificate is consistent with it', () => {
  expect(claimIn(`By=${gateway};Hash=ab12;URI=${application}`, application)).toEqual({
    state: 'consistent',
    claimed: null,
  })
  expect(claimIn(`By=${gateway};Subject="CN=a, O=\\"b;c\\"";URI="${application}"`, application)?.state).toBe(
    'consistent',
  )
})

test('another SPIFFE ID, for which the sender does not vouch, contradicts the certificate', () => {
  const contradicted = { state: 'contradicted', claimed: orchestrator }
  expect(claimIn(`By=${gateway};URI=${orchestrator},By=${gateway};URI=${application}`, application)).toEqual(
    contradicted,
  )
  expect(claimIn(`URI=${orchestrator}`, application)).toEqual(contradicted)
  expect(claimIn(orchestrator, application)).toEqual(contradicted)
  expect(claimIn(`By=${gateway};URI=${orchestrator}`, null)).toEqual(contradicted)
})

test('a proxy that says who called it forwards, which is neither proved nor false', () => {
  const forwarded = `By=${application};URI=${orchestrator},By=${gateway};URI=${application}`
  expect(claimIn(forwarded, application)).toEqual({ state: 'forwarded', claimed: orchestrator })
  expect(claimIn(`By=${application};URI=${orchestrator}`, application)?.state).toBe('forwarded')
  const behind = `By=${gateway};URI=${id('x')},${forwarded}`
  expect(claimIn(behind, application)).toEqual({ state: 'contradicted', claimed: id('x') })
})

test('a header without a SPIFFE ID claims none, and one that is too long cannot be told', () => {
  expect(claimIn('Hash=ab12;Subject="CN=x"', application)).toEqual({ state: 'unclaimed', claimed: null })
  expect(claimIn('', application)?.state).toBe('unclaimed')
  expect(claimIn(`URI=${orchestrator},`.padEnd(70_000, 'x'), application)).toBeNull()
})

test('nothing of a header but SPIFFE IDs leaves it, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.constantFrom(application, null), (text, proved) => {
      const claim = claimIn(text, proved)
      if (claim?.claimed !== null && claim !== null) expect(claim.claimed).toMatch(/^spiffe:\/\/./i)
    }),
  )
  const secret = 'eyJhbGciOiJSUzI1NiJ9.secret'
  expect(
    JSON.stringify(claimIn(`Cert="${secret}";Subject="${secret}";URI=${orchestrator}`, application)),
  ).not.toContain('secret')
})
