import { tell } from '../../reasons.ts'
import { endLine, ofDetails } from '../evidence.ts'
import { isHandedOn } from '../view.ts'
import { found, type RequestRule } from './rule.ts'

/** JIT-12: the stage answered an error, and at that time Vault refused it what it needs for its work. */
export const vaultRefused: RequestRule = {
  id: 'vault-refused',
  cause: 'vault-refused',
  faults: ['vault-denied'],
  examine(view) {
    const line = endLine(view)
    const denial = view.of.vault[0]
    if (line === null || denial === undefined || !isHandedOn(line) || (line.status ?? 0) < 400) return null
    const { path, error } = denial
    return found(tell('vault-refuses-caller', { ...view.names, path }), [
      // The same time and the same holder, not the same request: Vault knows no request id of ours.
      { class: 'contradiction', reason: tell('vault-audit-line', { path, error }), literal: error, from: denial.from },
      ofDetails(line, 'contradiction'),
    ])
  },
}
