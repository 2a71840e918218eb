import type { Fault, FaultExpectation } from './fault.ts'

const idOf = (namespace: string, account: string): string => `spiffe://pipeline.example/ns/${namespace}/sa/${account}`

/** Credentials that run keep working whatever Vault does: no hop and no certificate of the pipeline changes by these faults. */
const nothingElse = { hops: [], workloads: [], control: [], gaps: [] } satisfies FaultExpectation

/** Faults of Vault, and of what it has handed out. */
export const vaultFaults: readonly Fault[] = [
  {
    id: 'vault-sealed',
    kind: 'source',
    lab: { made: 'yes', tier: 3 },
    playground: { made: true },
    title: 'Vault sealed',
    words: 'Vault is sealed: it hands out and renews nothing, and tells nothing of its leases until it is unsealed.',
    lookFor: 'Vault in the control plane: it is sealed, and the leases shown are the last that were known.',
    hits: { vault: true },
    expects: {
      states: {
        ...nothingElse,
        control: [{ kind: 'vault', states: ['failing'] }],
        vault: { answers: 'sealed', newLeases: [], denials: [] },
      },
    },
  },
  {
    id: 'vault-rate-limited',
    kind: 'source',
    lab: { made: 'yes', tier: 3 },
    playground: { made: true },
    title: 'Vault limits requests',
    words: 'A rate-limit quota lets each address ask Vault once a minute; everything above that is answered with 429.',
    lookFor: 'The gaps of the environment: Vault answers 429, and what needs to be asked of it is not known.',
    hits: { vault: true },
    expects: { states: { ...nothingElse, vault: { answers: 'limited', newLeases: [], denials: [] } } },
  },
  {
    id: 'vault-denied',
    kind: 'refusal',
    lab: { made: 'yes', tier: 3 },
    playground: { made: true },
    title: 'Vault denies a stage',
    words:
      'model-server asks Vault for an account of the database again and again; no policy of its token gives it one.',
    lookFor: 'The model server: Vault refuses it what no policy of its token gives.',
    hits: { stage: 'model-server' },
    expects: {
      states: {
        ...nothingElse,
        workloads: [{ stage: 'model-server', states: ['attention'] }],
        vault: {
          answers: 'active',
          newLeases: [],
          denials: [{ stage: 'model-server', path: 'database/creds/reporting' }],
        },
      },
      // It asks for it beside its work: what Vault refuses it is told, and no request of the pipeline is blamed on that.
      verdict: { request: ['not-refused'], firstBroken: null, hop: { from: 'orchestrator', to: 'model-server' } },
    },
  },
  {
    id: 'lease-over-one-hour',
    kind: 'posture',
    lab: { made: 'yes', tier: 3 },
    playground: { made: true },
    title: 'Lease over one hour',
    words: 'vector-store holds an account of the database whose lease lasts eight hours.',
    lookFor: 'The vector store: one of the leases it holds lasts longer than an hour.',
    hits: { stage: 'vector-store' },
    expects: {
      states: {
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
  },
  {
    id: 'orphaned-lease',
    kind: 'posture',
    lab: { made: 'yes', tier: 3 },
    playground: { made: true },
    title: 'Orphaned lease',
    words: 'batch-indexer, which runs nowhere any more, still holds an account of the database.',
    lookFor: 'Vault in the control plane: a lease is held by an identity that runs nowhere.',
    hits: { vault: true },
    expects: {
      states: {
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
  },
  {
    id: 'audit-log-rotated',
    kind: 'source',
    lab: { made: 'yes', tier: 3 },
    playground: {
      made: false,
      why: 'Its Vault has no file of an audit log: the lines are the log of a pod, and are never put aside.',
    },
    title: 'Audit log rotated',
    words: 'The audit log of Vault was put aside and begun anew, and vector-store then took a new lease.',
    lookFor: 'The leases of the vector store: one ends and another begins, and none is lost between the two logs.',
    hits: { vault: true },
    // What is told on both sides of the cut must be one story: nothing is lost and nothing is wrong.
    expects: { states: { ...nothingElse, vault: { answers: 'active', newLeases: [], denials: [] } } },
  },
]
