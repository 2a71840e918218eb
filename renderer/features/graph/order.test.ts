import { describe, expect, it } from 'vitest'
import { labFixture, troubledFixture } from '../../dev/fixture-view.ts'
import { quickChips } from './chips.ts'
import { follow, problemsInOrder, step } from './order.ts'
import { placeWords } from './place-words.ts'
import { splitEdges } from './use-drawing.ts'

const moment = { now: 1_800_000_000_000 }
const { view } = troubledFixture(moment)
const id = (name: string) =>
  view.nodes.find((node) => node.type === 'workload' && node.workload.name === name)?.id ?? ''
const hop = (from: string, to: string) => `hop/${id(from)}>${id(to)}`

describe('going through the graph', () => {
  it('goes round a list in both directions', () => {
    expect(step(['a', 'b', 'c'], null, 1)).toBe('a')
    expect(step(['a', 'b', 'c'], null, -1)).toBe('c')
    expect(step(['a', 'b', 'c'], 'c', 1)).toBe('a')
    expect(step(['a', 'b', 'c'], 'a', -1)).toBe('c')
    expect(step(['a', 'b'], 'gone', 1)).toBe('a')
    expect(step([], 'a', 1)).toBe(null)
  })

  it('names the problems worst first, and neither the verified nor the unknown nor a denial', () => {
    const problems = problemsInOrder(view)
    expect(problems[0]).toBe(hop('model-server', 'tool-runtime'))
    expect(problems).toContain(id('tool-runtime'))
    expect(problems).toContain('control/node-b')
    expect(problems.at(-1)).toMatch(/^control\//)
    expect(problems).not.toContain(hop('application', 'gateway'))
    expect(problems).not.toContain(hop('model-server', 'model-registry'))
    expect(problems).not.toContain(hop('input-sanitiser', 'orchestrator'))
    expect(problemsInOrder(labFixture(moment).view)).toEqual([])
  })

  it('follows hops from workload to hop to workload, and back', () => {
    expect(follow(view, hop('gateway', 'prompt-firewall'), 'forward')).toBe(id('prompt-firewall'))
    expect(follow(view, hop('gateway', 'prompt-firewall'), 'back')).toBe(id('gateway'))
    // The worst of its hops comes first.
    expect(follow(view, id('model-server'), 'forward')).toBe(hop('model-server', 'tool-runtime'))
    expect(follow(view, id('application'), 'back')).toBe(null)
    expect(follow(view, null, 'forward')).toBe(null)
  })

  it('says which hop of how many is selected', () => {
    expect(placeWords(view, hop('model-server', 'tool-runtime'))).toBe(`Hop 1 of ${view.edges.length}`)
    expect(placeWords(view, null)).toBe('Overview')
  })

  it('keeps the first chips when there is nothing to find, with a zero', () => {
    const quiet = quickChips(labFixture(moment).view.counts)
    expect(quiet.map((chip) => [chip.label, chip.count])).toEqual([
      ['Failing', 0],
      ['Plaintext', 0],
      ['Denying', 0],
      ['Unknown', 0],
    ])
    expect(quickChips(view.counts).map((chip) => chip.label)).toContain('Fails open')
  })

  it('routes few hops and leaves many to the canvas', () => {
    expect(splitEdges(view.edges).onCanvas).toEqual([])
    const [first] = view.edges
    if (first === undefined) throw new Error('the fixture has no edge')
    const many = Array.from({ length: 301 }, (_, index) => ({ ...first, id: `hop/${index}` }))
    expect(splitEdges(many)).toEqual({ routed: [], onCanvas: many })
  })
})
