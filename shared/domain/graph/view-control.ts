import type { ControlComponent } from '../model/graph.ts'
import { workloadSeverity } from '../model/hop-state.ts'
import { judged } from './known.ts'
import { reason } from './reasons.ts'

/** Cards of one kind that are drawn singly: more, such as an OPA beside every workload, would hide the map. */
export const mostOfAKind = 24

/** What is drawn of the control plane: of each kind the selected and the worst, and one card for all others of that kind. */
export function foldControl(
  control: readonly ControlComponent[],
  selected: string | null,
): readonly ControlComponent[] {
  const rank = ({ id, state }: ControlComponent) => (id === selected ? -1 : workloadSeverity.indexOf(state.state))
  const folded = new Map<string, ControlComponent>()
  const hidden = new Set<string>()
  for (const [kind, members] of Map.groupBy(control, (component) => component.kind)) {
    if (members.length <= mostOfAKind) continue
    // Those that are equal keep their order.
    const rest = members.toSorted((one, other) => rank(one) - rank(other)).slice(mostOfAKind - 1)
    const [worst] = rest
    if (worst === undefined) continue
    for (const { id } of rest) hidden.add(id)
    const summary = reason('control-folded', { count: rest.length, drawn: members.length - rest.length })
    folded.set(kind, {
      id: `control/more/${kind}`,
      kind,
      name: `+${rest.length}`,
      state: judged(worst.state.state, summary, [], { basis: worst.state.basis }),
      summary,
    })
  }
  return [...control.filter(({ id }) => !hidden.has(id)), ...folded.values()]
}
