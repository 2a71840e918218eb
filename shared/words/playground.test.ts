import { expect, test } from 'vitest'
import type { PlaygroundState } from '../contract/playground.ts'
import { playgroundTrafficSentence } from './playground.ts'

const running: PlaygroundState = {
  phase: 'running',
  startedAt: 0,
  authorisation: 'deciding',
  active: null,
  changing: false,
  heldBack: 0,
}

test('requests that were held back are told, and where none was nothing is', () => {
  expect(playgroundTrafficSentence(running)).toBeNull()
  expect(playgroundTrafficSentence({ phase: 'stopped' })).toBeNull()
  expect(playgroundTrafficSentence({ ...running, heldBack: 1 })).toContain(': 1 request was not sent within 20 seconds')
  expect(playgroundTrafficSentence({ ...running, heldBack: 31 })).toContain(': 31 requests were not sent')
})
