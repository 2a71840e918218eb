import { credentialOf } from '../../../../electron/playground/simulators/vault/credentials.ts'
import { extraLease } from './extra-lease.ts'

/** Somebody who logged in with an SVID of the trust domain holds an account, and no pod or process has that identity. */
export const orphanedLease = extraLease((lab) => ({
  name: 'batch-indexer',
  spiffeId: `spiffe://${lab.trustDomain}/ns/data/sa/batch-indexer`,
  from: '127.1.0.99',
  path: credentialOf('vector-store').path,
}))
