import type { LeaseView } from '../../model/graph.ts'
import type { Moment } from '../moment.ts'
import type { Stages } from '../stages.ts'
import type { HopNode } from '../weave/weave.ts'
import { stageOpened } from './lease-view.ts'
import type { VaultSight } from './sight.ts'
import { shownLeases } from './workload-leases.ts'

const mostLeases = 20

/**
 * Leases of the caller that open the callee's stage, as intent.yaml says. A lease alone makes no hop: that somebody holds a
 * credential shows neither a call nor a configured way to one (docs/decisions/0007-leases-make-no-hop.md).
 */
export function leasesOfHop(
  { from, callee }: HopNode,
  { byWorkload, statuses }: VaultSight,
  stages: Stages,
  moment: Moment,
): readonly LeaseView[] {
  const held = byWorkload.get(from)
  const { stage } = callee.naming
  if (held === undefined || stage === null || (stages.intent?.credentials ?? []).length === 0) return none
  const opening = shownLeases(held, statuses, stages, moment).filter(
    ({ mount, role, state }) =>
      (state === 'active' || state === 'unclear') && stageOpened(mount, role, stages)?.stage === stage,
  )
  return opening.slice(0, mostLeases)
}

const none: readonly LeaseView[] = []
