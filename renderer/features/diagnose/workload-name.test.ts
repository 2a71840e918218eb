import { expect, it } from 'vitest'
import { workloadName } from './workload-name.ts'

it('a workload has its name on the graph, and one that has gone from there the end of its SPIFFE ID', () => {
  const id = 'workload/spiffe://pipeline.example/ns/ai/sa/gateway'
  expect(workloadName(id, new Map([[id, 'gateway']]))).toBe('gateway')
  expect(workloadName(id, new Map())).toBe('ns/ai/sa/gateway')
  expect(workloadName('workload/pod/ai/x', new Map())).toBe('pod/ai/x')
})
