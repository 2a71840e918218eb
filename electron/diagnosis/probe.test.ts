import { beforeEach, describe, expect, test } from 'vitest'
import type { ProbedCertificate } from '../../shared/domain/diagnosis/handshake/probe.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { builtAt } from '../../test/builders/facts.ts'
import { build, ids, minute, pipeline } from '../../test/builders/small-graph.ts'
import { Failure } from '../core/failure.ts'
import type { TlsHandshakeOptions, TlsHandshakeSight } from '../core/ports.ts'
import { type ProbeParts, probeHandshake } from './probe.ts'
import type { ProbeTarget } from './probe-target.ts'

const reading = { graph: build(pipeline.scopes), facts: pipeline.scopes.flatMap((scope) => scope.facts) }
const asked = { environment: 'test', from: ids.model, to: ids.tool }
const leaf: ProbedCertificate = {
  spiffeId: ids.tool,
  serial: 'fc12646d',
  notBefore: builtAt - minute,
  notAfter: builtAt + 9 * minute,
  issuer: null,
  sha256: 'aa',
  subjectKeyId: null,
  authorityKeyId: '0844',
}
const accepted: TlsHandshakeSight = {
  outcome: 'accepted',
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  chain: [leaf],
  alert: null,
  words: null,
}
const refused = (more: Partial<TlsHandshakeSight> = {}): TlsHandshakeSight => ({
  ...accepted,
  outcome: 'refused',
  ...more,
})

let noted: string[]
let tried: { readonly target: ProbeTarget; readonly options: TlsHandshakeOptions }[]
beforeEach(() => {
  noted = []
  tried = []
})

function parts(
  answer: (options: TlsHandshakeOptions) => TlsHandshakeSight | Error,
  more: Partial<ProbeParts> = {},
): ProbeParts {
  const entry = async (phase: string) => {
    noted.push(phase)
    return { number: noted.length } as Awaited<ReturnType<ProbeParts['journal']['begin']>>
  }
  return {
    clock: { now: () => builtAt },
    demandChangeMode: () => {},
    journal: { begin: ({ action }) => entry(`begun ${action}`), end: (_begun, phase) => entry(phase) },
    async handshake(_environment, target, options) {
      tried.push({ target, options })
      const found = answer(options)
      if (found instanceof Error) throw found
      return found
    },
    identity: async () => null,
    ...more,
  }
}
const probe = (of: ProbeParts, signal = new AbortController().signal) => probeHandshake(of, reading, asked, signal)

describe('a probe', () => {
  test('is nothing without change mode: no connection, no entry', async () => {
    const readOnly = parts(() => accepted, {
      demandChangeMode: () => {
        throw new Failure('read-only', 'test', 'Everyhop only reads test now.')
      },
    })
    await expect(probe(readOnly)).rejects.toMatchObject({ code: 'read-only' })
    expect([noted, tried]).toEqual([[], []])
  })

  test('is not made when the journal takes no entry', async () => {
    const closed = parts(() => accepted)
    await expect(
      probe({ ...closed, journal: { ...closed.journal, begin: () => Promise.reject(new Error('disk full')) } }),
    ).rejects.toThrow('disk full')
    expect(tried).toEqual([])
  })

  test('goes where the server’s Envoy listens, is written down before and after, and says what follows', async () => {
    const found = await probe(
      parts(({ version }) => (version === 'TLSv1.2' ? refused({ version: null, chain: [], alert: 70 }) : accepted)),
    )
    expect(tried.map(({ target, options }) => [target, options.version])).toEqual([
      [{ kind: 'tcp', host: '127.1.0.3', port: 8443 }, null],
      [{ kind: 'tcp', host: '127.1.0.3', port: 8443 }, 'TLSv1.2'],
    ])
    expect(noted).toEqual(['begun diagnosis.probe', 'succeeded'])
    expect(found).toMatchObject({ outcome: 'accepted', target: '127.1.0.3:8443', presentedAs: null })
    expect(found.versions).toEqual([
      { version: 'TLSv1.2', isSpoken: false },
      { version: 'TLSv1.3', isSpoken: true },
    ])
    const states = Object.fromEntries(found.findings.map(({ row, state }) => [row, state]))
    expect(states).toMatchObject({
      'own-certificate': 'fine',
      'spiffe-id': 'fine',
      leaf: 'fine',
      'tls-versions': 'fine',
    })
    for (const { reason } of [found, ...found.findings]) expect(reasonSentence(reason)).not.toMatch(/No words|\[\?\]/)
  })

  test('shows its certificate in the first handshake only, and the key nowhere', async () => {
    const identity = { spiffeId: 'spiffe://pipeline.example/everyhop', certificate: 'PEM', key: 'KEY' }
    const found = await probe(parts(() => accepted, { identity: async () => identity }))
    expect(tried.map(({ options }) => options.identity?.spiffeId ?? null)).toEqual([identity.spiffeId, null])
    expect(found.presentedAs).toBe(identity.spiffeId)
    expect(JSON.stringify([found, noted])).not.toContain('KEY')
  })

  test.each<[string, TlsHandshakeSight | Error, string, string]>([
    ['wants a certificate', refused({ alert: 116 }), 'refused', 'probe-wants-certificate'],
    ['refuses the version', refused({ chain: [], version: null, alert: 70 }), 'refused', 'probe-refused'],
    ['speaks plaintext', refused({ outcome: 'plaintext', chain: [], version: null }), 'plaintext', 'probe-plaintext'],
    ['cannot be reached', new Error('connect ECONNREFUSED'), 'unreachable', 'probe-unreachable'],
  ])('of a server that %s is an answer', async (_words, sight, outcome, code) => {
    const found = await probe(parts(() => sight))
    expect(found).toMatchObject({ outcome, reason: { code } })
    expect(reasonSentence(found.reason)).not.toContain('No words')
    expect(noted.at(-1)).toBe('succeeded')
  })

  test('finds another certificate than the client accepts, and one that has ended', async () => {
    const other = { ...leaf, spiffeId: 'spiffe://pipeline.example/other', serial: '01', notAfter: builtAt - minute }
    const { findings } = await probe(parts(() => ({ ...accepted, chain: [other] })))
    expect(findings.filter(({ state }) => state === 'wrong').map(({ row }) => row)).toEqual([
      'own-certificate',
      'spiffe-id',
      // The built bundles are empty.
      'peer-issuer',
      'leaf',
    ])
  })

  test('that is told to stop ends so, and the journal says that it failed', async () => {
    const stop = new AbortController()
    stop.abort(new Error('stopped'))
    await expect(
      probe(
        parts(() => new Error('aborted')),
        stop.signal,
      ),
    ).rejects.toThrow('stopped')
    expect(noted).toEqual(['begun diagnosis.probe', 'failed'])
  })
})
