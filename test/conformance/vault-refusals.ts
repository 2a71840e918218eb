const denied = '1 error occurred:\n\t* permission denied\n\n'
export const invalidToken = '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'
const inLog = (words: string): string => words.replace(/\s+/g, ' ').trim()

/** A question that Vault refuses, its words (1.21.4), and how they stand in its audit log. */
export interface Refused {
  readonly name: string
  readonly asked: readonly [method: string, path: string]
  readonly as: 'reader' | 'workload' | 'wrong' | 'nobody'
  readonly body?: object
  readonly status: number
  readonly errors: readonly string[]
  /** Outcome and error of the line of the request, and of that of its answer. */
  readonly logged: readonly [readonly [string, string | null], readonly [string, string | null]]
}

const done = ['done', null] as const
export const refusals: readonly Refused[] = [
  {
    name: 'a question without a token',
    asked: ['GET', 'sys/mounts'],
    as: 'nobody',
    status: 403,
    errors: ['permission denied'],
    logged: [
      ['denied', 'permission denied'],
      ['denied', inLog(denied)],
    ],
  },
  {
    name: 'a token that nobody has',
    asked: ['GET', 'auth/token/lookup-self'],
    as: 'wrong',
    status: 403,
    errors: [invalidToken],
    logged: [
      ['denied', inLog(invalidToken)],
      ['denied', inLog(invalidToken)],
    ],
  },
  ...(
    [
      ['workload', 'GET', 'sys/mounts'],
      ['reader', 'GET', 'database/creds/x'],
      ['reader', 'GET', 'sys/leases/lookup/pki/?list=true'],
      ['reader', 'DELETE', 'sys/mounts'],
      ['reader', 'PUT', 'sys/leases/revoke'],
    ] as const
  ).map(
    ([as, ...asked]): Refused => ({
      name: `what the policy of ${as === 'reader' ? 'Everyhop' : 'a workload'} does not give: ${asked.join(' ')}`,
      asked,
      as,
      status: 403,
      errors: [denied],
      logged: [
        ['denied', inLog(denied)],
        ['denied', inLog(denied)],
      ],
    }),
  ),
  ...[
    'sys/policies/acl/none',
    'auth/jwt/role/none',
    'auth/token/roles?list=true',
    'pki/roles/none',
    'identity/entity/id/none',
  ].map(
    (path): Refused => ({
      name: `what is not there: ${path}`,
      asked: ['GET', path],
      as: 'reader',
      status: 404,
      errors: [],
      logged: [done, done],
    }),
  ),
  {
    name: 'a lease that is not known',
    asked: ['PUT', 'sys/leases/lookup'],
    as: 'reader',
    body: { lease_id: 'pki/issue/x/none' },
    status: 400,
    errors: ['invalid lease'],
    logged: [done, ['failed', '1 error occurred: * invalid request']],
  },
  {
    name: 'no lease at all',
    asked: ['PUT', 'sys/leases/lookup'],
    as: 'reader',
    body: {},
    status: 400,
    errors: ['lease_id must be specified'],
    logged: [done, ['failed', '1 error occurred: * invalid request']],
  },
  {
    name: 'renewing a lease that is not known',
    asked: ['PUT', 'sys/leases/renew'],
    as: 'workload',
    body: { lease_id: 'pki/issue/x/none' },
    status: 400,
    errors: ['lease not found'],
    logged: [done, ['failed', '1 error occurred: * invalid request']],
  },
]
