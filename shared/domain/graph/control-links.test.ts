import { expect, test } from 'vitest'
import { build, ids, pipeline } from '../../../test/builders/small-graph.ts'
import { controlLinks, mostLinks } from './control-links.ts'

const graph = build(pipeline.scopes)
const single = new Map(graph.workloads.map(({ id }) => [id, id]))
const tool = `workload/${ids.tool}`
const links = (selected: string | null, of = graph, drawnAs = single) => controlLinks(of, of.control, drawnAs, selected)
const opaOf = (id: string) => {
  const guard = graph.hops.find((hop) => hop.to === id)?.guard
  if (guard?.known !== true) throw new Error('the small pipeline knows its guards')
  return `control/opa/${guard.value.opa}`
}
const failing = {
  ...graph,
  control: graph.control.map((part) =>
    part.id === opaOf(tool) ? { ...part, state: { ...part.state, state: 'failing' as const } } : part,
  ),
}

test('while nothing fails and nothing is selected no link is drawn, and all are counted', () => {
  const { shown, total } = links(null)
  expect(shown).toEqual([])
  expect(total).toBeGreaterThan(graph.workloads.length)
})

test('what fails is linked with those that it serves, with no other', () => {
  expect(links(null, failing).shown).toEqual([
    { id: `link/${tool}>${opaOf(tool)}`, from: tool, to: opaOf(tool), kind: 'opa-instance', state: 'failing' },
  ])
})

test('a workload that is selected shows its agent and its OPA; a part that is selected shows all that it serves', () => {
  expect(
    links(tool)
      .shown.map(({ kind }) => kind)
      .sort(),
  ).toEqual(['opa-instance', 'spire-agent'])
  const [agent] = links(tool).shown.flatMap(({ kind, to }) => (kind === 'spire-agent' ? [to] : []))
  if (agent === undefined) throw new Error('no agent')
  expect(links(agent).shown.every(({ to }) => to === agent)).toBe(true)
  expect(links(agent).shown.map(({ from }) => from)).toContain(tool)
})

test('members of a folded group have one link together, and never more are drawn than can be told apart', () => {
  const folded = new Map(graph.workloads.map(({ id }) => [id, 'group/pipeline/x']))
  const [one] = links(null, failing, folded).shown
  expect(one).toMatchObject({ from: 'group/pipeline/x', to: opaOf(tool) })
  const workload = graph.workloads.find(({ id }) => id === tool)
  const hop = graph.hops.find(({ to }) => to === tool)
  if (workload === undefined || hop === undefined) throw new Error('the small pipeline has a tool runtime')
  const many = Array.from({ length: 100 }, (_, at) => `workload/many-${at}`)
  const large = {
    ...failing,
    workloads: many.map((id) => ({ ...workload, id })),
    hops: many.map((to) => ({ ...hop, id: `hop/x>${to}`, to })),
  }
  const { shown, total } = links(null, large, new Map(many.map((id) => [id, id])))
  expect([shown.length, total]).toEqual([mostLinks, 200])
})
