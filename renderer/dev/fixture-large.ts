import type { TransportState } from '../../shared/domain/model/hop-state.ts'
import type { EdgeItem, NodeItem } from '../../shared/domain/model/view.ts'
import { hop, lineOf, type Moment, minute, workload } from './fixture-parts.ts'
import { all, type Fixture, labFixture } from './fixture-view.ts'

/** A grouped view of 5,000 workloads and 25,000 hops: 120 groups and their bundles; `members` opens the first group. */
export function largeFixture(moment: Moment, opened: readonly string[]): Fixture {
  const base = labFixture(moment)
  const kinds = ['client', 'tool', 'model']
  const groups: NodeItem[] = []
  for (let zone = 0; zone < 40; zone += 1) {
    kinds.forEach((kind, index) => {
      const failing = (zone * 7 + index) % 23 === 0 ? 2 : 0
      const unknown = (zone + index) % 9 === 0 ? 1 : 0
      groups.push({
        type: 'group',
        id: `group/z${zone}/${kind}`,
        name: `${kind} workers z${zone}`,
        kind,
        zone: zone === 0 ? 'edge' : zone < 20 ? 'pipeline' : 'data',
        order: zone * 3 + index,
        members: 42,
        states: {
          verified: 42 - failing - unknown,
          ...(failing > 0 ? { failing } : {}),
          ...(unknown > 0 ? { unknown } : {}),
        },
        worst: failing > 0 ? 'failing' : unknown > 0 ? 'unknown' : 'verified',
        nextExpiryAt: moment.now + 34 * minute,
        matches: true,
      })
    })
  }
  const bundles: EdgeItem[] = groups.flatMap((group, index) =>
    [1, 7, 13, 29].flatMap((offset): readonly EdgeItem[] => {
      const other = groups[(index + offset) % groups.length]
      if (other === undefined || (index * offset) % 10 === 9) return []
      const worst: TransportState =
        (index + offset) % 31 === 0 ? 'failing' : (index + offset) % 17 === 0 ? 'plaintext' : 'verified'
      return [
        {
          type: 'bundle',
          id: `bundle/${group.id}>${other.id}`,
          from: group.id,
          to: other.id,
          hops: 58,
          transport: { verified: 57, [worst]: 1 },
          worst,
          worstAuthorisation: 'allowing',
          relations: all,
          matches: true,
        },
      ]
    }),
  )
  const members = opened.flatMap((id) => {
    const group = groups.find((candidate) => candidate.id === id)
    if (group?.type !== 'group') return []
    return Array.from({ length: group.members }, (_, index) =>
      workload(moment, {
        name: `${group.kind}-${index}`,
        kind: group.kind,
        zone: group.zone,
        namespace: id.replaceAll('/', '-'),
        order: 1000 + index,
        state: index === 3 ? 'failing' : 'verified',
        left: index === 3 ? -4 : 30 + (index % 20),
      }),
    )
  })
  const hops = members.flatMap((from, index) =>
    [1, 2, 5, 9, 11].map((offset) => {
      const to = members[(index + offset) % members.length] ?? from
      return hop(moment, {
        from,
        to,
        transport: index === 3 ? 'failing' : 'verified',
        authorisation: 'allowing',
        relations: all,
        requests: 60,
      })
    }),
  )
  const open = new Set(opened)
  return {
    ...base,
    workloads: members,
    hops,
    view: {
      ...base.view,
      nodes: [
        ...groups.filter((group) => !open.has(group.id)),
        ...members.map((item): NodeItem => ({ type: 'workload', id: item.id, workload: item, matches: true })),
      ],
      edges: [
        ...bundles.filter((bundle) => !open.has(bundle.from) && !open.has(bundle.to)),
        ...hops.map(
          (item): EdgeItem => ({
            type: 'hop',
            id: item.id,
            from: item.from,
            to: item.to,
            hop: lineOf(item),
            matches: true,
          }),
        ),
      ],
      counts: { ...base.view.counts, totalWorkloads: 5000, totalHops: 25_000 },
      simplified: { groups: groups.length - open.size, bundles: bundles.length, droppedEdges: 0 },
    },
  }
}
