import type { Fault, FaultExpectation } from './fault.ts'

const idOf = (namespace: string, account: string): string => `spiffe://pipeline.example/ns/${namespace}/sa/${account}`

/** Credentials that run keep working whatever Vault does: no hop and no certificate of the pipeline changes by these faults. */
const nothingElse = { hops: [], workloads: [], control: [], gaps: [] } satisfies FaultExpectation

/** Faults of Vault, and of what it has handed out. */
export const vaultFaults: readonly Fault[] = [
  {
    id: 'vault-sealed',
    kind: 'credentials',
    tier: 3,
    title: 'Vault sealed',
    words: 'Vault is sealed: it hands out and renews nothing, and tells nothing of its leases until it is unsealed.',
    hits: { vault: true },
    expects: {
      ...nothingElse,
      control: [{ kind: 'vault', states: ['failing'] }],
      vault: { answers: 'sealed', newLeases: [], denials: [] },
    },
  },
  {
    id: 'vault-rate-limited',
    kind: 'credentials',
    tier: 3,
    title: 'Vault limits requests',
    words: 'A rate-limit quota lets each address ask Vault once a minute; everything above that is answered with 429.',
    hits: { vault: true },
    expects: { ...nothingElse, vault: { answers: 'limited', newLeases: [], denials: [] } },
  },
  {
    id: 'vault-denied',
    kind: 'credentials',
    tier: 3,
    title: 'Vault denies a stage',
    words:
      'model-server asks Vault for an account of the database again and again; no policy of its token gives it one.',
    hits: { stage: 'model-server' },
    expects: {
      ...nothingElse,
      workloads: [{ stage: 'model-server', states: ['attention'] }],
      vault: {
        answers: 'active',
        newLeases: [],
        denials: [{ stage: 'model-server', path: 'database/creds/reporting' }],
      },
    },
  },
  {
    id: 'lease-over-one-hour',
    kind: 'credentials',
    tier: 3,
    title: 'Lease over one hour',
    words: 'vector-store holds an account of the database whose lease lasts eight hours.',
    hits: { stage: 'vector-store' },
    expects: {
      ...nothingElse,
      workloads: [{ stage: 'vector-store', states: ['attention'] }],
      vault: {
        answers: 'active',
        newLeases: [
          {
            mount: 'database/',
            path: 'database/creds/reporting',
            holder: idOf('data', 'vector-store'),
            finding: 'too-long',
          },
        ],
        denials: [],
      },
    },
  },
  {
    id: 'orphaned-lease',
    kind: 'credentials',
    tier: 3,
    title: 'Orphaned lease',
    words: 'batch-indexer, which runs nowhere any more, still holds an account of the database.',
    hits: { vault: true },
    expects: {
      ...nothingElse,
      control: [{ kind: 'vault', states: ['attention'] }],
      vault: {
        answers: 'active',
        newLeases: [
          {
            mount: 'database/',
            path: 'database/creds/vector-store',
            holder: idOf('data', 'batch-indexer'),
            finding: 'orphaned',
          },
        ],
        denials: [],
      },
    },
  },
  {
    id: 'audit-log-rotated',
    kind: 'credentials',
    tier: 3,
    title: 'Audit log rotated',
    words: 'The audit log of Vault was put aside and begun anew, and vector-store then took a new lease.',
    hits: { vault: true },
    // What is told on both sides of the cut must be one story: nothing is lost and nothing is wrong.
    expects: { ...nothingElse, vault: { answers: 'active', newLeases: [], denials: [] } },
  },
]
