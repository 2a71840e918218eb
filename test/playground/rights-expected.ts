import type { Right } from './rights.ts'

/** What is missing in the graph without one right, and nothing else. */
export interface Missing {
  /** `<source> <what> <reason>` of every gap. */
  readonly gaps: readonly string[]
  /** Sources behind what is missing, each with gaps of this reason and of no other. */
  readonly behind?: { readonly sources: readonly string[]; readonly reason: string }
  /** What is drawn otherwise than with all rights, as `changes` of rights-seen.ts tells it. */
  readonly changes: readonly string[]
  /** Much rests on it: beside `changes` anything may be less known than it was. */
  readonly isWide?: true
}

const nothing: Missing = { gaps: [], changes: [] }
const gap = (source: string, what: string, changes: readonly string[] = []): Missing => ({
  gaps: [`${source} ${what} forbidden`],
  changes,
})

/** Nothing is known of the network without policies; a list that may be old could turn its answer around. */
const network = ['9 hop network: unknown']
const nobodyKnown = ['9 workload state: unknown']

/** By resource, and by verb and resource where the verb matters. */
const ofKubernetes: Readonly<Record<string, Missing>> = {
  'list pods': {
    gaps: ['kubernetes pods forbidden'],
    behind: { sources: ['spire', 'vault'], reason: 'no-way' },
    changes: [...nobodyKnown, '9 hop transport: unknown', '9 hop authorisation: unknown', ...network],
    isWide: true,
  },
  'watch pods': gap('kubernetes', 'pods'),
  services: gap('kubernetes', 'services'),
  serviceaccounts: gap('kubernetes', 'serviceaccounts'),
  namespaces: gap('kubernetes', 'namespaces'),
  nodes: gap('kubernetes', 'nodes'),
  events: gap('kubernetes', 'events'),
  endpointslices: gap('kubernetes', 'endpointslices'),
  networkpolicies: gap('kubernetes', 'networkpolicies', network),
  // Those that only these objects name are not known to be there.
  'list clusterspiffeids': gap('kubernetes', 'clusterspiffeids', [
    '1 control registration-object: absent',
    '2 workload state: absent',
  ]),
  'watch clusterspiffeids': gap('kubernetes', 'clusterspiffeids'),
  'list clusterstaticentries': gap('kubernetes', 'clusterstaticentries', ['1 control registration-object: absent']),
  'watch clusterstaticentries': gap('kubernetes', 'clusterstaticentries'),
  validatingadmissionpolicies: gap('kubernetes', 'validatingadmissionpolicies'),
  validatingadmissionpolicybindings: gap('kubernetes', 'validatingadmissionpolicies'),
  'pods/log': {
    gaps: ['kubernetes pods/log forbidden', 'logs log-file forbidden', 'vault lineage not-configured'],
    changes: [
      '9 hop activity: counters',
      '9 hop decision: unknown',
      '9 hop integrity: unknown',
      '9 hop claim: unknown',
    ],
    isWide: true,
  },
  'pods/portforward': {
    gaps: ['kubernetes pods/portforward forbidden'],
    behind: { sources: ['envoy', 'opa', 'spire', 'vault'], reason: 'forbidden' },
    changes: [...nobodyKnown, '9 hop transport: unknown', ...network],
    isWide: true,
  },
}

const ofSpire: Readonly<Record<string, Missing>> = {
  // Whoever declared them in the cluster is believed instead.
  ListEntries: gap('spire', 'registration-entries', [
    '11 workload registration: declared',
    '9 workload agent: unknown',
  ]),
  ListAgents: gap('spire', 'agents', [
    '1 control spire-server: unknown',
    '2 control spire-agent: absent',
    '9 workload agent: unknown',
  ]),
  // It is for everybody by SPIRE's own rules.
  GetBundle: nothing,
  ListFederatedBundles: gap('spire', 'federated-bundles'),
  ListFederationRelationships: gap('spire', 'federation-relationships'),
  GetX509AuthorityState: gap('spire', 'authorities'),
  GetJWTAuthorityState: gap('spire', 'jwt-authorities'),
}

const roles = gap('vault', 'roles')
const ofVault: Readonly<Record<string, Missing>> = {
  'sys/mounts': gap('vault', 'mounts'),
  'sys/auth': gap('vault', 'auth-methods'),
  'auth/+/role': roles,
  'auth/+/role/+': roles,
  'auth/token/roles': roles,
  // There is no role of tokens.
  'auth/token/roles/+': nothing,
  'database/roles': roles,
  'database/roles/+': roles,
  'kubernetes/roles': roles,
  'kubernetes/roles/+': roles,
  'pki/roles': roles,
  'pki/roles/+': roles,
  'sys/policies/acl': gap('vault', 'policies'),
  'sys/policies/acl/+': gap('vault', 'policy-text'),
  'identity/entity/id/+': gap('vault', 'entities'),
  // The audit log does not say how long they were given for, so whether they are still there is in doubt.
  'sys/leases/lookup': gap('vault', 'lease-lookup', [
    '4 workload end of leases: unknown',
    '4 workload leases: 0 active, 1 unclear',
    '4 workload slot vault: unknown',
  ]),
  'auth/token/lookup-self': gap('vault', 'token'),
  'sys/capabilities-self': gap('vault', 'capabilities'),
  'auth/token/renew-self': nothing,
  'auth/token/revoke-self': nothing,
}

/** Throws for a right that nobody has said anything of. */
export function missingWithout({ of, name }: Right): Missing {
  const [, resource = ''] = name.split(' ')
  const found =
    of === 'kubernetes'
      ? (ofKubernetes[name] ?? ofKubernetes[resource])
      : of === 'spire'
        ? ofSpire[name]
        : ofVault[name]
  if (found === undefined) throw new Error(`nobody has said what is missing without ${name}`)
  return found
}
