import { describe, expect, it } from 'vitest'
import { builtAt } from '../../test/builders/facts.ts'
import { smallPipeline } from '../../test/builders/pipeline.ts'
import { errorCodes } from '../contract/errors.ts'
import { buildGraph } from '../domain/graph/build.ts'
import { gapReasons, sourceKinds } from '../domain/model/fact.ts'
import type { Hop, Workload } from '../domain/model/graph.ts'
import { authorisationStates, relations, transportStates, workloadStates } from '../domain/model/hop-state.ts'
import { countOf, formatAge, formatClock, formatDuration, formatRate, formatShare, speakDuration } from './durations.ts'
import { errorCodesWithWords, errorSentence } from './errors.ts'
import { warningCodes, warningOf } from './gap-warnings.ts'
import { gapAdvice, gapSentence, missingSentence } from './gaps.ts'
import { hopLabel, hopPill, hopSentence, hopStatePhrase } from './hop-sentences.ts'
import { noticeCodesWithWords, noticeSentence } from './notices.ts'
import { missingParam } from './param-text.ts'
import { reasonCodesWithWords, reasonSentence } from './reasons.ts'
import { sourceProblemSentence } from './sources.ts'
import {
  authorisationLabel,
  basisGlyph,
  relationMeaningOf,
  sourceLabel,
  transportLabel,
  workloadStateLabel,
} from './states.ts'
import { countdownText, groupSentence, lifetimeLeft, slotText, workloadSentence } from './workload-sentences.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const forbidden = /\b(compliant|certified|secure|safe|healthy|green|please|sorry)\b|!/i

describe('durations', () => {
  it.each([
    [0, '0 s'],
    [24 * second, '24 s'],
    [3 * minute + 24 * second, '3 m 24 s'],
    [18 * minute + 9 * second, '18 m 09 s'],
    [-(3 * minute + 24 * second), '3 m 24 s'],
    [11 * hour + 2 * minute, '11 h 02 m'],
    [61 * 24 * hour, '61 d'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('are spoken whole', () => {
    expect(speakDuration(3 * minute + 24 * second)).toBe('3 minutes 24 seconds')
    expect(speakDuration(61 * second)).toBe('1 minute 1 second')
    expect(speakDuration(2 * hour)).toBe('2 hours')
  })

  it('are ages with one unit', () => {
    expect([formatAge(9 * minute + 59 * second), formatAge(-5)]).toEqual(['9 m', '0 s'])
  })

  it('name the day only when it is another', () => {
    expect(formatClock(builtAt, builtAt + minute)).toBe('12:00:00')
    expect(formatClock(builtAt - 24 * hour, builtAt)).toBe('2026-11-21 12:00:00')
    expect(formatClock(Number.NaN)).toBe('–')
  })
})

describe('figures', () => {
  it('show shares from a tenth of a percent', () => {
    expect([formatShare(61, 1000), formatShare(1, 5000), formatShare(3, 3), formatShare(0, 0)]).toEqual([
      '6.1%',
      '<0.1%',
      '100%',
      '–',
    ])
  })

  it('show rates, never none for some', () => {
    expect([formatRate(25_080, 60), formatRate(252, 60), formatRate(0, 60), formatRate(1, 60)]).toEqual([
      '418/s',
      '4.2/s',
      '0/s',
      '60/h',
    ])
  })

  it('count with the right noun', () => {
    expect([countOf(1, 'hop'), countOf(1204, 'hop')]).toEqual(['1 hop', '1,204 hops'])
  })
})

describe('reasons', () => {
  it('have a sentence each, that says so where a param is missing', () => {
    expect(reasonCodesWithWords.length).toBeGreaterThan(100)
    for (const code of reasonCodesWithWords) {
      const sentence = reasonSentence({ code, params: {} })
      expect([code, sentence.length > 0]).toEqual([code, true])
      expect(sentence).not.toMatch(forbidden)
      expect(sentence).not.toContain('undefined')
    }
  })

  it('have one meaning each, whichever part of the domain tells them', () => {
    expect(reasonCodesWithWords.filter((code, index) => reasonCodesWithWords.indexOf(code) !== index)).toEqual([])
  })

  it('show a code of a newer service as itself', () => {
    expect(reasonSentence({ code: 'toString', params: {} })).toContain('“toString”')
  })

  it('quote what came from outside, and never rephrase it', () => {
    const text = 'TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED'
    const params = { caller: 'model-server', callee: 'tool-runtime', loggedBy: 'model-server', text }
    expect(reasonSentence({ code: 'handshake-failing', params })).toContain(`“${text}”`)
  })

  it('say the verdict first', () => {
    const params = { owner: 'tool-runtime', other: 'model-server', notAfter: builtAt + 67_000 }
    expect(reasonSentence({ code: 'handshake-failing-expired', params })).toBe(
      'tool-runtime presents a certificate that expired at 12:01:07. model-server is right to refuse it.',
    )
  })

  it('count instances', () => {
    const params = { name: 'model-server', affected: 1, instances: 3, notAfter: builtAt }
    expect(reasonSentence({ code: 'svid-expired', params })).toContain('1 of 3 Envoys of model-server')
  })
})

describe('labels', () => {
  it('exist for every state, relation, source and basis, without forbidden words', () => {
    const all = [
      ...transportStates.map(transportLabel),
      ...authorisationStates.map(authorisationLabel),
      ...workloadStates.map(workloadStateLabel),
      ...relations.map(relationMeaningOf),
      ...sourceKinds.map(sourceLabel),
      ...gapReasons.map((reason) => gapAdvice({ what: 'agents', reason })),
      ...warningCodes.flatMap((what) => [warningOf(what)?.says ?? '', gapAdvice({ what, reason: 'invalid' })]),
    ]
    for (const text of all) expect(text).not.toMatch(forbidden)
    expect((['measured', 'derived', 'declared'] as const).map(basisGlyph)).toEqual(['●', '◐', '○'])
  })
})

describe('errors and notices', () => {
  it('have words for exactly the errors of the contract', () => {
    expect(errorCodesWithWords.toSorted()).toEqual([...errorCodes].sort())
    expect(errorSentence('not-found', 'tool-runtime', 'Check the name.')).toBe(
      'tool-runtime: It does not exist, or not any more. Check the name.',
    )
  })

  it('have a sentence for each notice', () => {
    for (const code of noticeCodesWithWords) expect(noticeSentence(code)).not.toContain('undefined')
    expect(
      noticeSentence('own-svid-expiring', { instance: 'spire', notAfter: builtAt, mintCommand: 'mint' }),
    ).not.toContain(missingParam)
  })
})

describe('gaps', () => {
  it('say what, where and why, with the literal words of the source', () => {
    const gap = {
      source: 'spire',
      instance: 'spire',
      what: 'agents',
      reason: 'forbidden',
      detail: 'PERMISSION_DENIED authorization denied for method',
      at: builtAt,
    } as const
    expect(gapSentence(gap)).toBe(
      'SPIRE “spire”: the agents could not be read, not permitted: “PERMISSION_DENIED authorization denied for method”.',
    )
  })

  it('that are only warnings neither say that something could not be read, nor ask for a right', () => {
    const about = { instance: 'spire', what: 'own-svid-expiring', reason: 'forbidden', detail: 'until 12:00' } as const
    expect(gapSentence({ ...about, source: 'spire', at: builtAt })).toBe(
      'SPIRE “spire”: Everyhop’s own SVID expires soon: “until 12:00”.',
    )
    expect(sourceProblemSentence({ ...about, since: builtAt }, builtAt)).toBe(
      '“spire”: Everyhop’s own SVID expires soon. “until 12:00”',
    )
    expect(gapAdvice(about)).toContain('Renew it')
    for (const what of warningCodes) {
      const told =
        gapSentence({ ...about, source: 'logs', what, at: builtAt }) + gapAdvice({ what, reason: 'forbidden' })
      expect(told).not.toMatch(/could not be read|not permitted|understood|Grant/)
    }
  })

  it('say what would have to be readable, and since when it is not', () => {
    const missing = {
      source: 'envoy',
      instance: 'tool-runtime',
      what: 'listeners',
      lastReadAt: builtAt - 9 * minute,
    } as const
    expect(missingSentence(missing, builtAt)).toBe(
      'Needs Envoy “tool-runtime”: the listeners, last read at 11:51:00, 9 m ago.',
    )
  })
})

describe('hops and workloads', () => {
  const pipeline = smallPipeline()
  const settings = { environment: 'test', intent: pipeline.intent, windowSeconds: 60, bundleStaleAfterSeconds: null }
  const graph = buildGraph(settings, pipeline.scopes, builtAt)
  const hop = first(graph.hops)
  const workload = first(graph.workloads)

  it('name a failing hop as the design does', () => {
    const failing: Hop = {
      ...hop,
      transport: { ...hop.transport, state: 'failing', since: builtAt - 204 * second },
      relations: ['granted', 'intended'],
    }
    expect(hopSentence(failing, 'model-server', 'tool-runtime', builtAt)).toBe(
      'model-server to tool-runtime, handshake failing for 3 minutes 24 seconds, granted, intended.',
    )
    expect(hopLabel(failing, builtAt)).toEqual({ strong: 'handshake failing', rest: '3 m 24 s' })
  })

  it('say that an observed hop is not granted', () => {
    const undeclared: Hop = { ...hop, transport: { ...hop.transport, state: 'plaintext' }, relations: ['observed'] }
    expect(hopLabel(undeclared, builtAt)).toEqual({ strong: 'plaintext', rest: '0.4/s · not granted' })
  })

  it('give a share to what is denied', () => {
    const denied: Hop = {
      ...hop,
      authorisation: { ...hop.authorisation, state: 'denying' },
      activity: hop.activity.known
        ? { ...hop.activity, value: { ...hop.activity.value, requests: 1000, denied: 61 } }
        : hop.activity,
    }
    expect(hopPill(denied)).toEqual({ sign: 'denying', text: '6.1%', title: 'denied by policy' })
    expect(hopPill(hop)).toBeNull()
  })

  it('say of a hop that its requests claim another identity, aloud, in tables and beside the line', () => {
    const lying: Hop = { ...hop, identityClaim: { ...hop.identityClaim, state: 'contradicted' } }
    expect(hopSentence(lying, 'a', 'b', builtAt)).toContain('claims another identity')
    expect(hopStatePhrase(lying, builtAt)).toMatch(/^claims another identity, /)
    expect(hopStatePhrase(hop, builtAt)).not.toContain('claims')
    expect(hopPill(lying)).toMatchObject({ sign: 'claimed', title: 'claims another identity' })
    const denied: Hop = { ...lying, authorisation: { ...hop.authorisation, state: 'denying' } }
    expect(hopPill(denied)?.sign).toBe('denying')
  })

  it('count an SVID down, and past its end', () => {
    expect(countdownText(workload, builtAt)).toBe('SVID 9 m 00 s')
    expect(countdownText(workload, builtAt + 12 * minute + 24 * second)).toBe('expired 3 m 24 s')
    expect(lifetimeLeft(workload, builtAt)).toBeCloseTo(0.9)
    expect(workloadSentence(workload, builtAt)).toBe(
      'model-server, ai/model-server, verified, SVID valid for 9 minutes.',
    )
  })

  it('never count down for a workload without identity, and mark what is only the last known', () => {
    const none: Workload = { ...workload, state: { ...workload.state, state: 'no-identity' } }
    expect(countdownText(none, builtAt)).toBe('No SVID')
    const stale: Workload = {
      ...workload,
      svid: {
        ...workload.svid,
        loaded: workload.svid.loaded.known ? { ...workload.svid.loaded, stale: true } : workload.svid.loaded,
      },
    }
    expect(countdownText(stale, builtAt)).toBe('SVID 9 m 00 s?')
  })

  it('write slots and groups', () => {
    expect(slotText({ kind: 'none' })).toBe('–')
    expect(slotText({ kind: 'unknown', reason: { code: 'x', params: {} }, last: 'r42' })).toBe('r42?')
    expect(groupSentence('tool', { verified: 35, failing: 1, unknown: 2 })).toBe(
      'tool: 1 failing, 2 unknown, 35 verified.',
    )
  })
})

function first<Value>(values: readonly Value[]): Value {
  const [value] = values
  if (value === undefined) throw new Error('an empty list')
  return value
}
