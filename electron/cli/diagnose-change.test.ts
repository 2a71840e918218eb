import { expect, test } from 'vitest'
import type { ProposedChange, SmallestChange } from '../../shared/domain/diagnosis/change/model.ts'
import { draftText, openDraft } from './diagnose-change.ts'

const never = new AbortController().signal
const proposed: ProposedChange = {
  id: 'input-1',
  kind: 'input',
  reason: { code: 'change-input-as-known', params: {} },
  loosens: false,
  proven: true,
  file: null,
  at: 'input.a',
  before: '1',
  after: '2',
  difference: [],
  draft: null,
}
const ofData: ProposedChange = {
  ...proposed,
  id: 'data-1',
  kind: 'data',
  file: 'data.json',
  draft: { bundle: 'pipeline', from: { revision: 'r42', digest: 'd' }, changes: [{ path: 'data.json', text: '{}' }] },
}
const found: SmallestChange = {
  decisionId: 'd-1',
  bundle: 'pipeline',
  basedOn: { revision: 'r42', digest: 'd' },
  isRevisionThatDecided: true,
  changes: [proposed, ofData],
  none: null,
  masked: [],
  evaluations: 3,
  isComplete: true,
}

function policyThat(asked: unknown[]) {
  const startDraft = async (input: unknown) => {
    asked.push(input)
    return { id: 'draft-7', bundle: 'pipeline' }
  }
  return { policy: { startDraft } }
}

test('the first change that is one of files is opened as the window opens it, and the text says how to look at it', async () => {
  const asked: unknown[] = []
  const draft = await openDraft(policyThat(asked), 'lab', found, never)
  expect(asked).toEqual([{ environment: 'lab', ...ofData.draft }])
  expect(draft).toEqual({ id: 'draft-7', bundle: 'pipeline', change: 'data-1' })
  expect(draftText(draft, 'lab')).toContain('everyhop policy diff live draft:draft-7 --env lab --bundle pipeline')
})

test('where no file would change no draft is opened, and that is said', async () => {
  const asked: unknown[] = []
  const draft = await openDraft(policyThat(asked), 'lab', { ...found, changes: [proposed] }, never)
  expect([draft, asked]).toEqual([null, []])
  expect(draftText(draft, 'lab')).toContain('None of what was found is a change of the policy’s files.')
})
