import { tell } from '../../reasons.ts'
import { endLine, isToldByCallerOnly, ofDetails } from '../evidence.ts'
import { denialOfCallee } from '../vault-denial.ts'
import { isHandedOn } from '../view.ts'
import { found, type RequestRule } from './rule.ts'

/** JIT-12: the stage answered an error, and at that time Vault refused it what it needs for its work. */
export const vaultRefused: RequestRule = {
  id: 'vault-refused',
  cause: 'vault-refused',
  // What `vault-denied` is refused touches no request of the pipeline.
  faults: [],
  examine(view) {
    const line = endLine(view)
    const told = denialOfCallee(view)
    if (line === null || told === null || !isHandedOn(line) || (line.status ?? 0) < 400) return null
    const { path, error, from } = told.denial
    // The same time and the same holder, not the same request. Of a line of the caller it is not even known who behind answered.
    const weight = told.when === 'then' && !isToldByCallerOnly(view) ? 'contradiction' : 'counter'
    return found(
      tell('vault-refuses-caller', { ...view.names, path }),
      [
        { class: weight, reason: tell('vault-audit-line', { path, error }), literal: error, from },
        ofDetails(line, weight),
      ],
      { open: [{ reason: tell('application-by-itself', { callee: view.names.callee }), couldChangeVerdict: true }] },
    )
  },
}
