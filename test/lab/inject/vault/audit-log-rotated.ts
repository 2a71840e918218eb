import type { LabControls } from '../../controls.ts'
import { waitForLine } from '../checks.ts'
import { vaultOf } from './vault-of.ts'

/** The log is put aside as logrotate does it; then a stage takes another lease and gives the one before back. */
export async function inject(lab: LabControls): Promise<void> {
  const { plan, server, holders } = vaultOf(lab)
  const before = holders.leases().get(stage)
  await server.rotateAuditLog()
  const written = waitForLine(plan.files.auditLog, 'the new audit log tells of a lease', (line) =>
    line.includes('"lease_id"'),
  )
  await Promise.all([written, holders.askAnew(stage)])
  if (before === holders.leases().get(stage)) throw new Error(`${stage} still holds ${before}`)
}

/** Nothing is broken: the log before stays put aside. */
export async function heal(lab: LabControls): Promise<void> {
  await vaultOf(lab).holders.keepNow()
}

const stage = 'vector-store'
