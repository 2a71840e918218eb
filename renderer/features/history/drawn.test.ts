import { describe, expect, it } from 'vitest'
import type { Timeline } from '../../../shared/contract/history.ts'
import type { ElementChange } from '../../../shared/domain/history/model.ts'
import { barsOf, gapsIn, markNear, marksOf, unrecordedIn } from './drawn.ts'

const window = { from: 0, to: 1000 }

describe('bars of refused requests', () => {
  const timeline = { from: 0, bucketMs: 250, denials: [0, 1, 100, null] }

  it('draws one request so that it is seen beside a hundred, and none where none was refused', () => {
    const { bars } = barsOf(timeline, window, 400, 12)
    expect(bars.map(({ height }) => height)).toEqual([0, 1.5, 12])
    expect(bars[2]).toMatchObject({ x: 200, width: 99, count: 100 })
  })

  it('says of what no log is held, which is not the same as none', () => {
    expect(barsOf(timeline, window, 400, 12).unheld).toEqual([{ x: 300, width: 100 }])
    const all = { ...timeline, denials: [null, null, 3, null] }
    expect(barsOf(all, window, 400, 12).unheld).toEqual([
      { x: 0, width: 200 },
      { x: 300, width: 100 },
    ])
  })

  it('clips what the window does not show while another is asked for', () => {
    const { bars } = barsOf(timeline, { from: 600, to: 1000 }, 400, 12)
    expect(bars).toHaveLength(1)
    expect(bars[0]).toMatchObject({ x: 0, width: 149 })
  })
})

describe('the time before the record', () => {
  it('is told apart: what never was recorded, and what is not kept any more', () => {
    expect(unrecordedIn({ began: 250, from: 500 }, window, 400, 900)).toEqual([
      { x: 0, width: 100, words: 'not recorded' },
      { x: 100, width: 100, words: 'not kept any more' },
    ])
    expect(unrecordedIn({ began: -500, from: 500 }, window, 400, 900)).toEqual([
      { x: 0, width: 200, words: 'not kept any more' },
    ])
    expect(unrecordedIn({ began: 250, from: 250 }, window, 400, 900)).toEqual([
      { x: 0, width: 100, words: 'not recorded' },
    ])
  })

  it('is all the time until now where nothing is recorded, and nothing where that is not known yet', () => {
    expect(unrecordedIn({ began: null, from: null }, window, 400, 900)).toEqual([
      { x: 0, width: 360, words: 'not recorded' },
    ])
    expect(unrecordedIn(null, window, 400, 900)).toEqual([])
    expect(unrecordedIn({ began: -9, from: -9 }, window, 400, 900)).toEqual([])
  })
})

describe('gaps', () => {
  it('are clipped to the window, and never too thin to be seen', () => {
    const drawn = gapsIn(
      [
        { from: -500, to: 100, why: 'asleep' },
        { from: 500, to: 501, why: 'not-running' },
        { from: 900, to: null, why: 'not-watched' },
        { from: 2000, to: 3000, why: 'asleep' },
      ],
      window,
      400,
      1000,
    )
    expect(drawn.map(({ x, width }) => [x, width])).toEqual([
      [0, 40],
      [200, 2],
      [360, 40],
    ])
  })
})

describe('marks of events', () => {
  it('fall together where they would lie on each other, with the sign of the worst', () => {
    const marks = marksOf(
      [change(100, 'changed'), change(110, 'worse'), action(115), change(600, 'better')],
      window,
      400,
    )
    expect(marks.map(({ kind, entries }) => [kind, entries.length])).toEqual([
      ['worse', 3],
      ['better', 1],
    ])
  })

  it('tells a release from other changes', () => {
    expect(marksOf([change(10, 'changed', 'bundle')], window, 400)[0]?.kind).toBe('bundle')
  })

  it('stand where the change could be seen, which may be later than it was true', () => {
    const late = change(100, 'worse')
    if (late.kind === 'change')
      expect(marksOf([{ ...late, event: { ...late.event, learntAt: 500 } }], window, 400)[0]?.x).toBe(200)
    expect(late.kind).toBe('change')
  })

  it('are found near the pointer, the nearest first', () => {
    const marks = marksOf([change(100, 'worse'), change(150, 'better')], window, 400)
    expect(markNear(marks, 58, 8)?.kind).toBe('better')
    expect(markNear(marks, 200, 8)).toBeNull()
  })
})

type Entry = Timeline['events'][number]

function change(
  at: number,
  direction: ElementChange['direction'],
  aspect: ElementChange['aspect'] = 'transport',
): Entry {
  const element = { kind: 'hop', id: 'hop/a>b' } as const
  return {
    kind: 'change',
    event: { number: at, at, learntAt: at, change: { element, name: 'a → b', aspect, from: 'x', to: 'y', direction } },
  }
}

function action(at: number): Entry {
  return { kind: 'action', number: at, at, action: 'policy.publish', phase: 'succeeded', actor: 'somebody' }
}
