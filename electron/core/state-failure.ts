import { Failure } from './failure.ts'
import { StateFileFailure } from './ports.ts'

export { StateFileFailure }

/** `what` begins a sentence in the plural: `The settings`. Other errors stay as they are. */
export function stateFailure(reason: unknown, what: string): unknown {
  if (!(reason instanceof StateFileFailure)) return reason
  const { code, message } = reason
  switch (code) {
    case 'full':
      return new Failure(
        'exhausted',
        what,
        `${what} are as they were: ${message}`,
        'Make room on the disk and try again.',
      )
    case 'busy':
      return new Failure('locked', what, `${what} are as they were: ${message}`, 'Try again in a moment.')
    default:
      return new Failure(
        'forbidden',
        what,
        `${what} are as they were: ${message}`,
        'Let this user read and write there.',
      )
  }
}
