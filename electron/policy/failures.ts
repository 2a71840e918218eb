import type { ErrorCode } from '../../shared/contract/errors.ts'
import { Failure } from '../core/failure.ts'
import type { Ended } from '../tools/limited-process.ts'
import { OpaProblem } from '../tools/opa-command.ts'
import { BundleFailure } from './bundle-archive.ts'
import { StoreFailure, type StoreFailureReason } from './stores/store.ts'

const ofOpa: Readonly<Record<Ended, ErrorCode>> = {
  exited: 'invalid',
  'timed-out': 'timed-out',
  'too-much-memory': 'exhausted',
  'too-much-output': 'exhausted',
  cancelled: 'cancelled',
  'not-started': 'not-found',
}

const ofStore: Readonly<Record<StoreFailureReason, readonly [code: ErrorCode, advice: string | null]>> = {
  unreachable: ['unreachable', 'Look whether it is up, and whether policy.bundles.store of environment.yaml names it.'],
  'timed-out': ['timed-out', 'Look whether it is up, and do this again.'],
  forbidden: ['forbidden', 'Look at the rights on it, and at its token in policy.bundles.store of environment.yaml.'],
  conflict: ['conflict', 'Look at what is live now, and do this again.'],
  'too-large': ['exhausted', 'Everyhop works on bundles up to 256 MB.'],
  full: ['exhausted', 'Make room in it, and do this again.'],
  invalid: ['invalid', 'Correct policy.bundles of environment.yaml, or what is in the store.'],
}

/**
 * What OPA, a store or a bundle's bytes said, as a failure that people see, in their words. Anything else stays what it is:
 * `service/errors.ts` asks this of everything that it does not know itself.
 */
export function failureOf(reason: unknown): unknown {
  if (reason instanceof OpaProblem)
    return new Failure(ofOpa[reason.ended], 'opa', `OPA could not do this: ${reason.message}`)
  if (reason instanceof BundleFailure)
    return new Failure('invalid', 'bundle', `What was read is no bundle that can be used: ${reason.message}.`)
  if (!(reason instanceof StoreFailure)) return reason
  const [code, advice] = ofStore[reason.reason]
  const name = reason.place === null ? 'bundle' : `${reason.place.place} ${reason.place.pointer}`
  const which = reason.place === null ? 'The bundle store' : `The bundle store ${reason.place.place}`
  return new Failure(code, name, `${which} could not do this: “${reason.message}”.`, advice)
}
