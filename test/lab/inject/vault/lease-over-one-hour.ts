import { reportingPath } from '../../../../electron/playground/simulators/vault/credentials.ts'
import { stagePlanOf } from '../../plan.ts'
import { extraLease } from './extra-lease.ts'

/** The stage holds an account of the database for eight hours, beside the one that it renews. */
export const leaseOverOneHour = extraLease((lab) => {
  const { spiffeId, address } = stagePlanOf(lab.plan, 'vector-store')
  return { name: 'reporting', spiffeId, from: address, path: reportingPath }
})
