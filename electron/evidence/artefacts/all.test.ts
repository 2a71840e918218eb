import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { artefactIds } from '../../../shared/domain/evidence/model.ts'
import { artefactTitles, gapSentence, limitationSentence } from '../../../shared/words/evidence.ts'
import { artefactFrom, artefactSentences } from '../../../shared/words/evidence-artefacts.ts'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import {
  accessLine,
  decisionEvent,
  integrityEvent,
  kubernetesAuditEvent,
  noon,
  spireAuditLine,
  vaultAuditLine,
} from '../../../test/builders/log-records.ts'
import { artefacts } from './index.ts'

const minute = 60_000
const signal = new AbortController().signal
const kinds = [
  'opa-decisions',
  'envoy-access',
  'integrity-events',
  'spire-audit',
  'kubernetes-audit',
  'vault-audit',
] as const
const configured = {
  logs: kinds.map((record) => ({ id: record, record, file: `${record}.log` })),
  opa: [{ id: 'pdp', api: 'http://127.0.0.1:8181' }],
}
const lines: NonNullable<EvidenceParts['lines']> = {
  'opa-decisions': [{ value: decisionEvent({ number: 1 }), source: 'opa-decisions' }],
  'envoy-access': [{ value: accessLine({ number: 1 }), source: 'envoy-access' }],
  'integrity-events': [{ value: integrityEvent(1), source: 'integrity-events' }],
  'spire-audit': [{ value: spireAuditLine(1), source: 'spire-audit' }],
  'kubernetes-audit': [{ value: kubernetesAuditEvent(1), source: 'kubernetes-audit' }],
  'vault-audit': [{ value: vaultAuditLine(1), source: 'vault-audit' }],
}
/** What was done through Everyhop is in its own journal, whether anything was watched or not. */
const ofTheJournal: ReadonlySet<string> = new Set(['actions', 'diagnoses'])

async function collected(artefact: (typeof artefacts)[number], parts: EvidenceParts) {
  const to = writtenArtefact()
  return { to, found: await artefact.collect(evidenceSources(parts), evidencePeriod, to, signal) }
}

test('there is one artefact for each id, in the order of a pack, with a title and what it is made from', () => {
  expect(artefacts.map(({ id }) => id)).toEqual([...artefactIds])
  expect(artefacts.filter(({ governance }) => governance).map(({ id }) => id)).toEqual(artefactIds.slice(0, 5))
  for (const { id } of artefacts) expect([artefactTitles[id].length, artefactFrom[id].length].every(Boolean)).toBe(true)
})

describe.each(artefacts)('$id', (artefact) => {
  const isOfJournal = ofTheJournal.has(artefact.id)

  test('says nothing good where nothing is configured and nothing is recorded', async () => {
    const { found } = await collected(artefact, { recorded: { from: null, to: null } })
    if (artefact.id !== 'actions') expect(['insufficient', 'not-evaluated']).toContain(found.result.state)
    if (!isOfJournal) expect(found.population.gaps.length).toBeGreaterThan(0)
  })

  test('is never operated over a time that Everyhop slept through', async () => {
    const watchGaps = [{ from: noon + minute, to: noon + 5 * minute, why: 'asleep' as const }]
    const { found } = await collected(artefact, { configured, lines, watchGaps })
    if (!isOfJournal) {
      expect(found.result.state).toBe('insufficient')
      expect(found.population.gaps).toContainEqual(expect.objectContaining({ source: 'everyhop', why: 'asleep' }))
    }
  })

  test('takes lines that nobody understands without failing, and never as something that went well', async () => {
    const strange = Object.fromEntries(
      [...kinds, 'journal' as const].map((stream) => [
        stream,
        [
          { value: '{"a":[1,', source: stream },
          { value: 'null', source: stream },
        ],
      ]),
    )
    const { found } = await collected(artefact, { configured, lines: strange })
    expect(found.result.state).not.toBe('exception')
    expect(found.population.count ?? 0).toBeLessThanOrEqual(2)
  })

  test('has words for everything that it says', async () => {
    for (const parts of [{}, { configured }, { configured, lines }, { recorded: { from: null, to: null } }] as const) {
      const { found } = await collected(artefact, parts)
      const { population, limitations, result } = found
      for (const said of [...limitations, result.reason, { code: population.method, params: {} }]) {
        expect(limitationSentence(said)).not.toContain(said.code)
      }
      for (const gap of population.gaps) expect(gapSentence(gap)).not.toContain('undefined')
    }
  })

  test('is planned without writing, and foresees what is missing', async () => {
    const plan = await artefact.plan(evidenceSources({ configured: {} }), evidencePeriod, signal)
    expect(plan.title).toBe(artefactTitles[artefact.id])
    if (!isOfJournal && artefact.id !== 'trust-graph') expect(plan.expected.state).toBe('not-evaluated')
  })
})

test('every code that an artefact tells has a sentence, and no sentence is for nothing', () => {
  const folder = new URL('.', import.meta.url)
  const text = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n')
  for (const code of Object.keys(artefactSentences)) expect([code, text.includes(`'${code}'`)]).toEqual([code, true])
})

test('no sentence promises what only an assessor may say', () => {
  for (const [code, say] of Object.entries(artefactSentences)) {
    const sentence = say({})
    expect([code, sentence]).not.toEqual([code, ''])
    expect(sentence).not.toMatch(/\b(complian|certif|passed|secure\b|safe\b|guarantee)|undefined|!/i)
    expect(sentence).toMatch(/\.$/)
  }
})
