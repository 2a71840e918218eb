import { expect, test } from 'vitest'
import { integrityLine } from '../../../test/builders/log-lines.ts'
import { parseIntegrityLine } from './integrity-event.ts'

test('an event about a request is about the hop from the caller to its writer', () => {
  expect(parseIntegrityLine(integrityLine({ outcome: 'failed', reason: 'body-changed' }))).toEqual({
    kind: 'record',
    record: {
      at: Date.parse('2026-11-22T00:06:33.795Z'),
      callerStage: 'prompt-firewall',
      stage: 'input-sanitiser',
      result: { type: 'stage-signature', outcome: 'failed' },
      reason: 'body-changed',
    },
  })
})

test('an event about a response is about the hop from its writer to the stage that replied', () => {
  const line = integrityLine({ direction: 'response', stage: 'orchestrator', caller_stage: 'model-server' })
  expect(parseIntegrityLine(line)).toMatchObject({ record: { callerStage: 'orchestrator', stage: 'model-server' } })
})

test.each([
  [integrityLine({ version: 2 }), 'version'],
  [integrityLine({ type: 'weather' }), 'type'],
  [integrityLine({ outcome: 'exchanged' }), 'outcome'],
  [integrityLine({ time: 'now' }), 'time'],
  ['[]', 'not a JSON object'],
])('%.40s is refused, with the reason', (line, why) => {
  expect(parseIntegrityLine(line)).toEqual({ kind: 'refused', why: expect.stringContaining(why) })
})
