import { expect, test } from 'vitest'
import type { PlaygroundState } from '../contract/playground.ts'
import { playgroundAuthorisationSentence, playgroundTrafficSentence } from './playground.ts'

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

test('whatever keeps OPA from deciding has a sentence of its own, and one that decides has none', () => {
  expect(playgroundAuthorisationSentence(running)).toBeNull()
  const sentences = (['starting', 'interrupted', 'no-opa'] as const).map((authorisation) =>
    playgroundAuthorisationSentence({ ...running, authorisation }),
  )
  expect(new Set([...sentences, null]).size).toBe(4)
})
