import { rename, stat } from 'node:fs/promises'
import type { Server } from '../processes.ts'
import { waitFor } from '../processes.ts'

/** Puts the audit log aside as `.1` and makes Vault open it anew, as a rotation of logs does. Resolves when it has. */
export async function rotateAuditLog(file: string, server: Server): Promise<void> {
  await rename(file, `${file}.1`)
  server.signal('SIGHUP')
  const isThere = async (): Promise<boolean> =>
    stat(file).then(
      () => true,
      () => false,
    )
  await waitFor('Vault opens its audit log anew', isThere, { timeoutMs: 20_000, server })
}

/** Puts the audit log aside when it is larger than `limitBytes`, as an operator's machine would. */
export async function limitAuditLog(file: string, server: Server, limitBytes: number): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  if (size > limitBytes) await rotateAuditLog(file, server)
}
