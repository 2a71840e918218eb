import { describe, expect, it } from 'vitest'
import type { ElementChange } from '../../../shared/domain/history/model.ts'
import { troubledFixture } from '../../dev/fixture-view.ts'
import { dimmed, drawnChanges, withGhosts } from './changes.ts'

const { view } = troubledFixture({ now: 1_800_000_000_000 })
const id = (name: string) =>
  view.nodes.find((node) => node.type === 'workload' && node.workload.name === name)?.id ?? ''
const job = id('batch-eval')
const broken = `hop/${id('model-server')}>${id('tool-runtime')}`
const jobHop = `hop/${job}>${id('model-server')}`
/** Before the job came. */
const older = {
  ...view,
  nodes: view.nodes.filter((node) => node.id !== job),
  edges: view.edges.filter((edge) => edge.id !== jobHop),
}
const changes = [
  { ...change('hop', broken, 'transport', 'verified', 'failing', 'worse'), at: null },
  { ...change('hop', broken, 'relations', 'granted', 'observed', 'changed'), at: null },
  { ...change('workload', job, 'presence', null, 'no-identity', 'worse'), at: null },
  { ...change('hop', jobHop, 'presence', null, 'plaintext', 'worse'), at: null },
  { ...change('hop', 'hop/x>y', 'transport', 'plaintext', 'verified', 'better'), at: null },
]

describe('what differs from another time', () => {
  it('is drawn at its place in the older picture before it came', () => {
    const drawn = drawnChanges({ changes }, 'from', older, view, null)
    expect(drawn.signs.get(broken)).toBe('changed')
    expect(drawn.signs.get(job)).toBe('new')
    expect(drawn.ghosts.nodes.map((node) => node.id)).toEqual([job])
    expect(drawn.ghosts.edges.map((edge) => edge.id)).toEqual([jobHop])
    expect(drawn.ghosts.isYetToCome).toBe(true)
    expect(withGhosts(older, drawn.ghosts).nodes).toHaveLength(view.nodes.length)
  })

  it('is marked as new in the newer one, where nothing has gone', () => {
    const drawn = drawnChanges({ changes }, 'to', view, older, null)
    expect(drawn.signs.get(job)).toBe('new')
    expect(drawn.ghosts.nodes).toEqual([])
    expect(withGhosts(view, drawn.ghosts)).toBe(view)
  })

  it('draws no line to an end that nobody can see', () => {
    const drawn = drawnChanges({ changes }, 'from', older, { ...view, nodes: [] }, null)
    expect(drawn.ghosts.nodes).toEqual([])
    expect(drawn.ghosts.edges).toEqual([])
  })

  it('invents no ghosts before the other picture is known', () => {
    expect(drawnChanges({ changes }, 'from', older, null, null).ghosts.nodes).toEqual([])
  })

  it('dims what is not of the chosen kind, and keeps the ends of a hop readable', () => {
    const { only } = drawnChanges({ changes }, 'to', view, older, 'worse')
    expect(only).toEqual(new Set([broken, job, jobHop]))
    const shown = dimmed(view, only)
    const bright = shown.nodes.filter(({ matches }) => matches).map((node) => node.id)
    expect(bright.toSorted()).toEqual([job, id('model-server'), id('tool-runtime')].toSorted())
    expect(shown.edges.filter(({ matches }) => matches)).toHaveLength(2)
    expect(dimmed(view, null)).toBe(view)
  })
})

function change(
  kind: ElementChange['element']['kind'],
  of: string,
  aspect: ElementChange['aspect'],
  from: string | null,
  to: string | null,
  direction: ElementChange['direction'],
): ElementChange {
  return { element: { kind, id: of }, name: of, aspect, from, to, direction }
}
