import { type Fault, faults } from '../../shared/faults/index.ts'

const parts = ['states', 'verdict', 'findings'] as const

/** Which parts of an expectation faults lack, which faults are not made here, and which the lab proves; one line each. */
export function reportOfFaults(): readonly string[] {
  const lacking = parts.map((part) => ({ part, ids: idsOf(({ expects }) => expects[part] === undefined) }))
  const objectsOnly = idsOf(({ lab }) => lab.made === 'objects only')
  return [
    `${faults.length} faults, ${idsOf(({ playground }) => playground.made).length} made in the playground`,
    ...lacking.map(({ part, ids }) => `without expected ${part}: ${listed(ids)}`),
    ...faults.flatMap(({ id, playground }) => (playground.made ? [] : [`not made here: ${id}. ${playground.why}`])),
    `proven on the lab: ${listed(idsOf(({ lab }) => lab.made === 'yes'))}`,
    `on the lab as objects only: ${listed(objectsOnly)}`,
    ...faults.flatMap(({ id, lab }) => (lab.made === 'no' ? [`not proven on the lab: ${id}. ${lab.why}`] : [])),
  ]
}

function idsOf(isOne: (fault: Fault) => boolean): readonly string[] {
  return faults.filter(isOne).map(({ id }) => id)
}

function listed(ids: readonly string[]): string {
  if (ids.length === 0) return 'none'
  return ids.length === faults.length ? `all ${ids.length}` : `${ids.length}: ${ids.join(', ')}`
}
