import type { CaseVaultDenial } from '../request-case.ts'
import { endLine } from './evidence.ts'
import type { RequestView } from './view.ts'

/** What Vault refuses so shortly before or after a request may be why its callee failed: Vault knows no request id of ours. Milliseconds. */
export const sameTimeMs = 5000

/** then: that it was refused is logged at the time of the request. among: before and after it, again and again. */
export interface DenialOfCallee {
  readonly denial: CaseVaultDenial
  readonly when: 'then' | 'among'
}

/** What Vault refused the callee of the call where the request ended; the nearest in time first. null: nothing that could be of it. */
export function denialOfCallee(view: RequestView): DenialOfCallee | null {
  const line = endLine(view)
  const callee = view.focus?.callee ?? null
  if (line === null || callee === null) return null
  const own = view.of.vault.filter(({ holder }) => holder === callee)
  const [from, to] = [line.at - sameTimeMs, line.at + (line.durationMs ?? 0) + sameTimeMs]
  const isThen = (at: number): boolean => at >= from && at <= to
  const then = own.find(({ firstAt, lastAt }) => isThen(firstAt) || isThen(lastAt))
  if (then !== undefined) return { denial: then, when: 'then' }
  const among = own.find(({ firstAt, lastAt }) => firstAt < from && lastAt > to)
  return among === undefined ? null : { denial: among, when: 'among' }
}

/** There is a Vault, and what it refused the callee is not known, or cannot be read now. */
export function isVaultUntold({ of, focus }: RequestView): boolean {
  const callee = focus?.callee ?? null
  const states = of.sources.filter(({ source }) => source === 'vault').map(({ state }) => state)
  if (states.includes('silent')) return true
  return states.includes('read') && (callee === null || of.vaultUntold.includes(callee))
}
