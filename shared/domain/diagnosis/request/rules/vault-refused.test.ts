import { describe, expect, test } from 'vitest'
import { builtAt } from '../../../../../test/builders/facts.ts'
import { access, requestCase, unsent, vaultDenial } from '../../../../../test/builders/request-case.ts'
import { ids } from '../../../../../test/builders/small-graph.ts'
import type { CaseAccess, CaseIntegrity, CaseVaultDenial, RequestCase } from '../../request-case.ts'
import { diagnoseRequest } from '../diagnose-request.ts'

/** The stage's line, as its Envoy or its caller's has it: the stage answered, with 403 or 500. */
const lines = {
  callee: (status: number) => [access({ status })],
  both: (status: number) => [access({ status }), handedOn(status)],
  caller: (status: number) => [handedOn(status)],
} as const
function handedOn(status: number): CaseAccess {
  return unsent({ status, details: 'via_upstream', flags: [], calleeSpiffeId: ids.tool })
}

const minute = 60_000
const denials = {
  'nothing was refused': [],
  'at that time': [vaultDenial()],
  'before and after': [vaultDenial({ firstAt: builtAt - minute, lastAt: builtAt + minute })],
  'of another stage': [vaultDenial({ holder: `workload/${ids.model}` })],
  'a minute before': [vaultDenial({ firstAt: builtAt - minute, lastAt: builtAt - minute })],
} as const satisfies Record<string, readonly CaseVaultDenial[]>

const distrusts: CaseIntegrity = {
  from: access().from,
  at: builtAt,
  stage: 'tool-runtime',
  callerStage: 'model-server',
  type: 'stage-signature',
  outcome: 'failed',
  reason: 'wrong-key',
}

const vaultRead: RequestCase['sources'] = [...requestCase().sources, { source: 'vault', state: 'read' }]
type Row = readonly [keyof typeof lines, keyof typeof denials, string, string]

/** Of which end a line is held, what Vault refused, and the verdict. */
const rows: readonly Row[] = [
  ['callee', 'nothing was refused', 'application-refused', 'high'],
  ['both', 'nothing was refused', 'application-refused', 'high'],
  ['caller', 'nothing was refused', 'unknown', 'low'],
  ['callee', 'at that time', 'vault-refused', 'medium'],
  ['both', 'at that time', 'vault-refused', 'medium'],
  ['caller', 'at that time', 'vault-refused', 'low'],
  ['callee', 'before and after', 'application-refused', 'medium'],
  ['both', 'before and after', 'application-refused', 'medium'],
  ['caller', 'before and after', 'vault-refused', 'low'],
  ['callee', 'of another stage', 'application-refused', 'high'],
  ['both', 'of another stage', 'application-refused', 'high'],
  ['caller', 'of another stage', 'unknown', 'low'],
  ['callee', 'a minute before', 'application-refused', 'high'],
  ['both', 'a minute before', 'application-refused', 'high'],
  ['caller', 'a minute before', 'unknown', 'low'],
]

describe.each([403, 500])('an answer %i of the stage', (status) => {
  test.each(rows)('with the line of %s, and of Vault %s', (line, refused, cause, confidence) => {
    const of = requestCase({ accesses: lines[line](status), vault: denials[refused], sources: vaultRead })
    const { verdict, open } = diagnoseRequest(of)
    expect([verdict.cause, verdict.confidence]).toEqual([cause, confidence])
    // Whichever of both it is called, that it may be the other is said.
    const codes = open.map(({ reason }) => reason.code)
    if (cause === 'vault-refused') expect(codes).toContain('application-by-itself')
    else expect(codes.includes('vault-may-be-behind')).toBe(confidence === 'medium')
  })

  test.each(Object.keys(denials))('that the stage says what it distrusts decides, and of Vault %s', (refused) => {
    const vault = Object.entries(denials).find(([name]) => name === refused)?.[1] ?? []
    const of = requestCase({ accesses: lines.callee(status), vault, integrity: [distrusts], sources: vaultRead })
    const { verdict } = diagnoseRequest(of)
    expect([verdict.cause, verdict.reason.code, verdict.confidence]).toEqual([
      'application-refused',
      'application-distrusts',
      'high',
    ])
  })

  test('of a Vault that does not tell, the refusal is not for certain the stage’s own', () => {
    const accesses = lines.callee(status)
    const silent = [...requestCase().sources, { source: 'vault', state: 'silent' } as const]
    const untold = { sources: vaultRead, vaultUntold: [`workload/${ids.tool}`] }
    for (const of of [requestCase({ accesses, sources: silent }), requestCase({ accesses, ...untold })]) {
      expect(diagnoseRequest(of).verdict).toMatchObject({ cause: 'application-refused', confidence: 'medium' })
    }
  })
})

test('what Vault refuses a stage that answered as it should refuses no request', () => {
  const { verdict } = diagnoseRequest(
    requestCase({ accesses: [access()], vault: denials['at that time'], sources: vaultRead }),
  )
  expect([verdict.cause, verdict.confidence]).toEqual(['not-refused', 'high'])
})

test('what Vault refused while a long request was worked on is of its time', () => {
  const at = builtAt - 30_000
  const vault = [vaultDenial({ firstAt: builtAt - 4000, lastAt: builtAt - 4000 })]
  const of = (durationMs: number) =>
    diagnoseRequest(requestCase({ accesses: [access({ status: 500, at, durationMs })], vault })).verdict.cause
  expect([of(26_000), of(10)]).toEqual(['vault-refused', 'application-refused'])
})
