import { describe, expect, it } from 'vitest'
import type { JournalCheck } from '../contract/changes.ts'
import type { Rechecked } from '../contract/policy.ts'
import type { Convergence } from '../domain/model/policy.ts'
import {
  decisionMeaning,
  differenceCounts,
  gateOutcome,
  maskedSentence,
  publishWarning,
  publishWarningCodes,
  revisionName,
  signatureWords,
  sourcesSentence,
} from './policy.ts'
import { changeModeWords, journalAction, journalCheckSentence, journalDetails } from './policy-journal.ts'
import {
  convergedCount,
  convergedShort,
  lostUpdateSentence,
  opaSentence,
  opaSentences,
  pointerSentence,
  recheckSummary,
  stuckSentence,
} from './policy-release.ts'

const forbidden = /\b(compliant|certified|secure|safe|healthy|green|please|sorry)\b|!|\[\?\]/i

const params = {
  detail: 'A probe was overwritten.',
  windowMs: 12,
  opa: 'opa-shared',
  revision: 'r41',
  bundle: 'pipeline',
  live: 'r42',
  based: 'r41',
}

describe('a publication', () => {
  it('has words for every warning that the service gives, and shows an unknown one as itself', () => {
    for (const code of publishWarningCodes) {
      const { title, detail } = publishWarning({ code, params })
      expect(`${title} ${detail}`).not.toMatch(forbidden)
    }
    expect(publishWarning({ code: 'publish-last-writer-wins', params }).detail).toContain('about 12 ms')
    expect(publishWarning({ code: 'publish-opa-behind', params: { ...params, revision: null } }).title).toBe(
      'What opa-shared has is not known',
    )
    expect(publishWarning({ code: 'publish-moon', params: {} }).title).toContain('publish-moon')
  })

  it('never calls a gate passed that was not looked at', () => {
    const gate = { gate: 'regal', blocks: false, detail: '' } as const
    expect(gateOutcome({ ...gate, outcome: 'not-evaluated' })).toBe('not evaluated')
    expect(gateOutcome({ ...gate, outcome: 'failed' })).toBe('failed, does not block')
    expect(gateOutcome({ ...gate, outcome: 'failed', blocks: true })).toBe('failed, and blocks')
  })

  it('says of a failure whether the pointer moved, or that nobody knows', () => {
    const from = { revision: 'r42', digest: null }
    expect(pointerSentence('unmoved', from)).toContain('r42 is still live')
    expect(pointerSentence('moved', from)).toContain('was moved')
    expect(pointerSentence('unknown', from)).toContain('not known')
    expect(lostUpdateSentence({ revision: 'r50', digest: 'aa' }, { revision: 'r43', digest: null })).toBe(
      'The pointer now leads to r50: another publisher overwrote r43. Everyhop does not write again by itself.',
    )
    expect(lostUpdateSentence({ revision: '', digest: null }, from)).toContain('The pointer is gone')
  })

  it('counts what differs, and names what has no name', () => {
    expect(differenceCounts([])).toBe('no file differs')
    expect(
      differenceCounts([
        { added: 12, removed: 2 },
        { added: 2, removed: 0 },
      ]),
    ).toBe('2 files, +14 −2')
    expect(revisionName({ revision: '', digest: 'abcdef0123456789' })).toBe('the unnamed bundle abcdef012345')
    expect(signatureWords({ state: 'invalid', problem: 'verification failed' }).sentence).toContain(
      '“verification failed”',
    )
  })
})

describe('convergence', () => {
  const line = (opa: string, state: Convergence['opas'][number]['state'], more = {}) => ({
    opa,
    activeRevision: 'r41',
    seconds: null,
    state,
    reason: null,
    ...more,
  })
  const of = (opas: Convergence['opas'], state: Convergence['state']): Convergence => ({
    revision: 'r42',
    startedAt: 1_000_000,
    opas,
    state,
  })
  const there = line('opa-a', 'converged', { activeRevision: 'r42', seconds: 1.4 })

  it('names the one that is late', () => {
    const late = of([there, line('payments-opa', 'waiting')], 'converging')
    expect(convergedCount(late)).toBe('1 of 2 on r42.')
    expect(stuckSentence(late, 1_038_000)).toBe('payments-opa still to take it, 38 s.')
    expect(convergedShort(of([there], 'converged'))).toBe('1 of 1 in 1.4 s')
  })

  it('quotes the OPA that refused it, before those that are silent', () => {
    const refused = line('opa-b', 'rejected', { reason: 'failed to verify' })
    const stuck = of([there, line('opa-c', 'silent'), refused], 'stuck')
    expect(stuckSentence(stuck, 1_038_000)).toBe('opa-b refused it, and 1 other did not take it.')
    expect(opaSentence(refused, 'r42')).toContain('“failed to verify”')
    expect(opaSentence(line('opa-c', 'silent', { activeRevision: null }), 'r42')).toContain('not known')
  })

  it('tells together what several OPAs tell alike', () => {
    const words = (opa: string, reason: string) => line(opa, 'rejected', { reason })
    const told = opaSentences(
      [words('opa-a', 'bad key'), words('opa-b', 'bad key'), words('opa-c', 'too large')],
      'r42',
    )
    expect(told).toHaveLength(2)
    expect(told[0]).toMatch(/^opa-a refused r42: “bad key”.* The same is told by opa-b\.$/)
  })

  it('without any OPA is no success', () => {
    expect(convergedCount(of([], 'stuck'))).toContain('No OPA is known')
    expect(convergedShort(of([], 'stuck'))).toBe('–')
  })
})

describe('sources', () => {
  it('say what they were read from, and of an API whose', () => {
    expect(sourcesSentence({ kind: 'policy-api', opa: 'opa-edge' })).toMatch(/policy API of opa-edge.*no bundle/)
    expect(sourcesSentence({ kind: 'bundle', held: 'store' })).toBe('Read from the bundle store.')
    expect(sourcesSentence({ kind: 'bundle', held: 'kept' })).toContain('Everyhop kept')
  })
})

describe('requests evaluated again', () => {
  const row = (after: Rechecked['after']): Rechecked => ({
    decisionId: 'd',
    at: 0,
    callerSpiffeId: null,
    calleeSpiffeId: null,
    path: null,
    before: 'deny',
    after,
    masked: [],
    problem: null,
  })

  it('are counted with what is not known', () => {
    const requests = [row('allow'), row('allow'), row('deny'), row(null)]
    const all = { requests, held: 4, complete: true, withoutDecision: 0, problem: null }
    expect(recheckSummary(all)).toBe(
      '2 of 4 refused requests would pass now. 1 would still be refused. Of 1 it is not known.',
    )
    expect(recheckSummary({ ...all, requests: [], held: 0 })).toContain('nothing can be evaluated again')
  })

  it('say of how many they are the latest, and how many no policy decided about', () => {
    const some = { requests: [row('allow')], held: 1200, complete: false, withoutDecision: 3, problem: null }
    expect(recheckSummary(some)).toBe(
      '1 of 1 refused request would pass now. These are the latest 1 of at least 1,200. 3 more got no decision: no policy changes that.',
    )
  })

  it('say how many values were masked', () => {
    expect(maskedSentence([])).toBe(null)
    expect(maskedSentence(['/a', '/b'])).toBe('2 values were masked: the result may differ from what OPA would say.')
    expect(decisionMeaning('undefined')).toContain('No rule decides')
  })
})

describe('the journal', () => {
  it('says what was done from what to what', () => {
    const details = { bundle: 'pipeline', from: { revision: 'r42' }, to: { revision: 'r43' }, rollsBackTo: 'r41' }
    expect(journalDetails({ details })).toBe('pipeline: r42 → r43 · brings back r41')
    expect([journalAction('policy.publish'), journalAction('lease.revoke')]).toEqual(['Publish', 'lease.revoke'])
  })

  it('says where the chain is broken', () => {
    const broken: JournalCheck = {
      entries: 4,
      intact: false,
      problem: { number: 2, message: 'entry 2 was changed after it was written' },
      head: null,
      unfinished: [],
    }
    expect(journalCheckSentence(broken)).toContain('At entry 2: entry 2 was changed after it was written.')
    expect(journalCheckSentence({ ...broken, intact: true, problem: null })).toContain('4 entries, intact')
  })
})

it('change mode counts whole minutes, and in the end seconds', () => {
  expect(changeModeWords(13.5 * 60_000)).toBe('change mode, 13 m left')
  expect(changeModeWords(100_000)).toBe('change mode, 1 m 40 s left')
})
