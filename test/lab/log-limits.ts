import { rename, stat, truncate } from 'node:fs/promises'
import path from 'node:path'
import type { LabPlan, StagePlan } from './plan.ts'

/** A lab writes some 700 MB of logs an hour. What one file may hold before it is put aside; one older file is kept. */
export const largestLogBytes = 16 * 1024 * 1024

/**
 * Puts aside each log larger than `limitBytes`: the file gets `.1` behind its name and its writer starts a new one.
 * What programs keep open and cannot be told to open again is cut to nothing instead.
 */
export async function limitLogs(plan: LabPlan, limitBytes: number): Promise<void> {
  await Promise.all(plan.stages.map((stage) => limitEnvoyLogs(stage, limitBytes)))
  for (const opa of plan.opas) {
    // The receiver opens its file anew for each upload.
    if (await isLarger(opa.decisionLog, limitBytes)) await putAside(opa.decisionLog)
  }
  const kept = [
    plan.files.integrityLog,
    path.join(plan.files.logs, 'spire-server.log'),
    path.join(plan.files.logs, 'spire-controller-manager.log'),
    ...plan.opas.map((opa) => path.join(plan.files.logs, `${opa.id}.log`)),
    ...plan.spire.agents.map((agent) => path.join(plan.files.logs, `spire-agent-${agent.node}.log`)),
    ...plan.stages.map((stage) => path.join(plan.files.logs, `envoy-${stage.stage.id}.log`)),
  ]
  for (const file of kept) if (await isLarger(file, limitBytes)) await truncate(file, 0)
}

async function limitEnvoyLogs(stage: StagePlan, limitBytes: number): Promise<void> {
  let moved = false
  for (const file of [stage.accessLog, stage.connectionLog]) {
    if (await isLarger(file, limitBytes)) {
      await putAside(file)
      moved = true
    }
  }
  if (!moved) return
  const url = `http://${stage.address}:${stage.adminPort}/reopen_logs`
  await fetch(url, { method: 'POST', signal: AbortSignal.timeout(2000) })
}

async function putAside(file: string): Promise<void> {
  await rename(file, `${file}.1`)
}

async function isLarger(file: string, limitBytes: number): Promise<boolean> {
  return stat(file).then(
    (found) => found.size > limitBytes,
    () => false,
  )
}
