import type { Ask } from './application.ts'
import { seededRandom } from './seeded-random.ts'

/**
 * What users ask. Half of the prompts need a retrieval ("handbook", "notes"), half a tool ("add … and …"), so every hop is
 * used, and a failing vector store or tool runtime fails only the requests that need it.
 */
const prompts = [
  'What does the handbook say about holidays?',
  'Look into the handbook: how are trains for travel booked?',
  'Summarise my notes on laptops and add 12 and 30.',
  'Check the handbook on travel, then add 140 and 59.',
  'Please add 17 and 25.',
  'Add 1200 and 345, and tell me the result.',
  'Write a friendly greeting for a new colleague.',
  'Explain what a trust bundle is in one sentence.',
] as const

const colleagues = ['ann', 'ben', 'chloe', 'dev', 'emma'] as const

/** Shares of all requests that the policy refuses at the orchestrator: together six of a hundred. */
const restrictedShare = 0.04
const withoutRightShare = 0.02

/** An endless, seeded sequence of requests. */
export function* userRequests(seed: number): Generator<Ask, never, void> {
  const random = seededRandom(seed)
  const choose = <Item>(items: readonly [Item, ...Item[]]): Item =>
    items[Math.floor(random() * items.length)] ?? items[0]
  while (true) {
    const prompt = choose(prompts)
    const kind = random()
    if (kind < withoutRightShare) {
      yield { user: 'guest', rights: [], classification: 'internal', prompt }
    } else {
      const restricted = kind < withoutRightShare + restrictedShare
      const ordinary = random() < 0.8 ? 'internal' : 'confidential'
      yield { user: choose(colleagues), rights: ['ask'], classification: restricted ? 'restricted' : ordinary, prompt }
    }
  }
}
