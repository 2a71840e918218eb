import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { VaultAuditFact, VaultEntityFact, VaultLeaseFact } from '../../../shared/domain/model/vault-facts.ts'
import { calls } from './calls.ts'
import { type Problem, parse, problemOf, type Translated, VaultFailure } from './problem.ts'
import type { Ask } from './settings-reading.ts'
import { translateEntity } from './translate.ts'
import { entity } from './wire.ts'

/** By id; null: Vault does not have it any more. */
export type EntityMemory = Map<string, { readonly at: EpochMs; readonly fact: VaultEntityFact | null }>

const againMs = 600_000
const mostEntities = 1000
/** In one turn. */
const mostAsked = 25

/** The entities behind those that hold leases, by what the audit log told of them. */
export async function readEntities(
  vault: string,
  told: readonly (VaultLeaseFact | VaultAuditFact)[],
  memory: EntityMemory,
  now: EpochMs,
  ask: Ask,
): Promise<Translated> {
  const ids = new Set<string>()
  for (const fact of told) {
    const id = fact.kind === 'vault-lease' && fact.state === 'active' ? fact.holder?.entityId : null
    if (id !== null && id !== undefined && ids.size < mostEntities) ids.add(id)
  }
  for (const id of memory.keys()) if (!ids.has(id)) memory.delete(id)
  const due = [...ids].filter((id) => now - (memory.get(id)?.at ?? Number.NEGATIVE_INFINITY) >= againMs)
  let problem: Problem | null = null
  for (const id of due.slice(0, mostAsked)) {
    const call = calls.entity(id)
    try {
      const { value, at } = await ask(call)
      memory.set(id, { at, fact: translateEntity({ vault, at }, parse(entity, value, call.locator).data) })
    } catch (error) {
      if (!(error instanceof VaultFailure) || error.stops) throw error
      if (error.status === 404) memory.set(id, { at: now, fact: null })
      else problem ??= problemOf('entities', error)
      // What is not permitted for one is not for any.
      if (error.reason === 'forbidden') break
    }
  }
  const facts = [...memory.values()].flatMap(({ fact }) => fact ?? [])
  return { facts: problem !== null && facts.length === 0 ? null : facts, problems: problem === null ? [] : [problem] }
}
