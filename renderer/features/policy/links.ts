import { addressOf } from '../../ui/address-of.ts'

/** Why the request of a recorded decision ended as it did. */
export function diagnoseLink(environment: string, decisionId: string): string {
  return addressOf('diagnose', { env: environment, by: 'decision', id: decisionId })
}
