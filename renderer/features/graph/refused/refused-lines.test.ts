import { expect, it } from 'vitest'
import { hopIdOf } from './refused-lines.ts'

const caller = 'spiffe://pipeline.example/ns/ai/sa/gateway'
const callee = 'spiffe://pipeline.example/ns/ai/sa/orchestrator'

it('a refused request leads to its hop only when both ends are known', () => {
  const ends = { callerSpiffeId: caller, calleeSpiffeId: callee }
  expect(hopIdOf(ends)).toBe(`hop/workload/${caller}>workload/${callee}`)
  expect(hopIdOf({ ...ends, callerSpiffeId: null })).toBe(null)
})
