import { describe, expect, it } from 'vitest'
import { builtAt, scope, unreadScope } from '../../../../test/builders/facts.ts'
import { clusterScopes } from '../../../../test/builders/kubernetes-facts.ts'
import { withFacts, withScope, withSilent } from '../../../../test/builders/pipeline.ts'
import { build, hop, ids, minute, pipeline, settings, workload } from '../../../../test/builders/small-graph.ts'
import {
  vaultAudit,
  vaultDenial,
  vaultEntity,
  vaultHolder,
  vaultLease,
  vaultScopes,
  vaultServer,
} from '../../../../test/builders/vault-facts.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import { slotText } from '../../../words/workload-sentences.ts'
import type { ScopeState } from '../../model/fact.ts'
import type { Workload } from '../../model/graph.ts'
import { startGraph, updateGraph } from '../build.ts'

const model = vaultHolder(ids.model)
const audit = 'logs/vault-audit/activity'
const held = [
  vaultLease('a', model),
  vaultLease('b', model, { expiresAt: builtAt + 2 * minute }),
  vaultLease('c', model, { state: 'revoked', revokedAt: builtAt - minute }),
  vaultLease('t', vaultHolder(ids.tool), { path: 'kubernetes/creds/gen', mount: 'kubernetes/', renewable: false }),
]
const scopes: readonly ScopeState[] = [...pipeline.scopes, ...vaultScopes(held)]

function withVault(...vault: Parameters<typeof vaultScopes>): readonly ScopeState[] {
  return [...pipeline.scopes, ...vaultScopes(...vault)]
}

function shownLeases({ leases }: Workload) {
  if (!leases.known) throw new Error(leases.reason.code)
  return leases.value.leases
}

describe('leases of a workload', () => {
  it('are those whose holder logged in with its SPIFFE ID, active ones first, by their end', () => {
    const { leases, slots, state } = workload(build(scopes), ids.model)
    expect(leases).toMatchObject({
      known: true,
      stale: false,
      fact: { basis: 'derived' },
      value: { active: 2, unclear: 0, nearestExpiryAt: builtAt + 2 * minute, total: 3, denials: [] },
    })
    expect(shownLeases(workload(build(scopes), ids.model)).map(({ leaseId, state }) => [leaseId, state])).toEqual([
      ['database/creds/ro/b', 'active'],
      ['database/creds/ro/a', 'active'],
      ['database/creds/ro/c', 'revoked'],
    ])
    expect(slots.vault).toMatchObject({ kind: 'value', text: '2', tone: 'quiet' })
    expect(state.state).toBe('verified')
  })

  it('say of each mount, role, end, holder and how it was found', () => {
    const [lease] = shownLeases(workload(build(scopes), ids.tool))
    expect(lease).toMatchObject({
      mount: 'kubernetes/',
      role: 'gen',
      holder: `jwt-${ids.tool}`,
      foundBy: 'spiffe-id',
      renewable: false,
      isLong: false,
      ttlSeconds: 600,
      stale: false,
      fact: { locator: 'audit.log:1042' },
    })
  })

  it('are known to be none where the audit log shows none', () => {
    const { leases, slots } = workload(build(scopes), ids.gateway)
    expect(leases).toMatchObject({ known: false, reason: { code: 'no-lease' } })
    expect(slotText(slots.vault)).toBe('–')
    expect(slots.vault).toMatchObject({ kind: 'none', reason: { code: 'no-lease' } })
  })

  it('do not apply without any Vault', () => {
    const { leases, slots } = workload(build(pipeline.scopes), ids.gateway)
    expect(leases).toMatchObject({ known: false, reason: { code: 'source-not-configured' } })
    expect(slots.vault).toEqual({ kind: 'none' })
    expect(build(pipeline.scopes).control.some(({ kind }) => kind === 'vault')).toBe(false)
  })

  it('end with their time, and are not called ended while Vault is sealed or silent', () => {
    const later = builtAt + 3 * minute
    expect(shownLeases(workload(build(scopes, later), ids.model)).map(({ state }) => state)).toEqual([
      'active',
      'revoked',
      'expired',
    ])
    const silent = withSilent(scopes, 'vault/vault/server')
    const { leases, slots } = workload(build(silent, later), ids.model)
    expect(leases).toMatchObject({ known: true, stale: true, value: { active: 1, unclear: 1 } })
    expect(slotText(slots.vault)).toBe('2?')
  })

  it('are the last known ones when Vault is sealed', () => {
    const sealed = withFacts(scopes, 'vault/vault/server', 'vault-server', (fact) => ({ ...fact, sealed: true }))
    const { leases, slots } = workload(build(sealed), ids.model)
    expect(leases).toMatchObject({ known: true, stale: true, value: { active: 2 } })
    expect(slots.vault).toMatchObject({ kind: 'unknown', last: '2', reason: { code: 'vault-sealed' } })
    expect(workload(build(sealed), ids.gateway).slots.vault).toMatchObject({ kind: 'unknown', last: null })
  })

  it('are not known without an audit log, even where Vault itself lists some', () => {
    const listed = [vaultLease('x', null, { learntFrom: 'list', id: 'vault/vault/leases#vault-lease/x' })]
    const without = [
      ...pipeline.scopes,
      ...vaultScopes([]).filter((state) => state.scope !== audit),
      scope('vault/vault/leases', listed),
    ]
    for (const id of Object.values(ids)) {
      expect(workload(build(without), id).leases).toMatchObject({
        known: false,
        reason: { code: 'vault-without-audit' },
      })
      expect(slotText(workload(build(without), id).slots.vault)).toBe('?')
    }
  })

  it('may be more where nobody is known to hold one', () => {
    const { slots } = workload(build(withVault([...held, vaultLease('n', null)])), ids.gateway)
    expect(slots.vault).toMatchObject({ kind: 'unknown', reason: { code: 'leases-without-holder' } })
    const ended = vaultLease('n', null, { expiresAt: builtAt - minute })
    expect(workload(build(withVault([...held, ended])), ids.gateway).slots.vault.kind).toBe('none')
  })

  it('are doubtful where the log does not say whether they ended', () => {
    const doubtful = [vaultLease('a', model), vaultLease('b', model, { doubt: 'expiry-unknown', expiresAt: null })]
    const { leases, slots } = workload(build(withVault(doubtful)), ids.model)
    expect(leases).toMatchObject({ known: true, value: { active: 1, unclear: 1 } })
    expect(slots.vault).toMatchObject({ kind: 'unknown', last: '2', reason: { code: 'leases-doubtful' } })
  })

  it('go on after a renewal that the log tells of, until the end that a look-up told before', () => {
    const renewed = vaultLease('a', model, { doubt: 'expiry-unknown', expiresAt: null, lastRenewedAt: builtAt })
    const looked = vaultLease('a', null, {
      id: 'vault/vault/leases#vault-lease/a',
      learntFrom: 'lookup',
      from: { ...renewed.from, observedAt: builtAt - minute },
    })
    const given = [...withVault([renewed]), scope('vault/vault/leases', [looked])]
    expect(shownLeases(workload(build(given), ids.model))).toMatchObject([
      { state: 'active', learntFrom: 'audit', ttlSeconds: 600 },
    ])
    const later = workload(build(given, builtAt + 6 * minute), ids.model)
    expect(shownLeases(later)).toMatchObject([{ state: 'unclear', doubt: 'expiry-unknown' }])
  })

  it('are counted all, though only the newest of the ended ones are shown', () => {
    const ended = Array.from({ length: 30 }, (_, at) =>
      vaultLease(`e${at}`, model, { state: 'revoked', revokedAt: builtAt - at * minute }),
    )
    const { leases } = workload(build(withVault([...ended, ...held])), ids.model)
    expect(leases).toMatchObject({ known: true, value: { active: 2, total: 33 } })
    expect(leases.known ? leases.value.leases.map(({ leaseId }) => leaseId).slice(1, 4) : []).toEqual([
      'database/creds/ro/a',
      'database/creds/ro/e0',
      'database/creds/ro/c',
    ])
  })

  it('are joined with what a later look-up says', () => {
    const looked = vaultLease('a', null, {
      id: 'vault/vault/leases#vault-lease/a',
      learntFrom: 'lookup',
      expiresAt: builtAt + 9 * minute,
      from: { source: 'vault', instance: 'vault', locator: 'PUT', observedAt: builtAt + 1, basis: 'measured' },
    })
    const [lease, ...others] = shownLeases(
      workload(build([...withVault([vaultLease('a', model)]), scope('vault/vault/leases', [looked])]), ids.model),
    )
    expect(others).toEqual([])
    expect(lease).toMatchObject({ learntFrom: 'lookup', expiresAt: builtAt + 9 * minute, foundBy: 'spiffe-id' })
  })
})

describe('the holder of a lease', () => {
  const cluster = clusterScopes(pipeline.workloads, pipeline.calls)
  const heldBy = (holder: ReturnType<typeof vaultHolder>, more: readonly ScopeState[] = []) =>
    build([...withVault([vaultLease('a', holder)]), ...more])

  it('is found by the service account of its pods', () => {
    const graph = heldBy(vaultHolder('ai/model-server'), cluster)
    expect(shownLeases(workload(graph, ids.model))).toMatchObject([{ foundBy: 'service-account' }])
  })

  it('is not named where no pod has the service account', () => {
    const graph = heldBy(vaultHolder('ai/nobody'), cluster)
    expect(graph.control.find(({ kind }) => kind === 'vault')?.vault?.orphaned).toMatchObject([
      { kind: 'unmatched', why: { code: 'lease-holder-no-pod' } },
    ])
  })

  it('is found by the alias of its entity, or else by its display name', () => {
    const unseen = vaultHolder(ids.model, { subject: null, entityId: 'e1', displayName: 'jwt' })
    const entity = vaultEntity('e1', { aliases: [{ name: ids.model, mountPath: 'auth/jwt/', mountType: 'jwt' }] })
    const byAlias = build(withVault([vaultLease('a', unseen)], [entity]))
    expect(shownLeases(workload(byAlias, ids.model))).toMatchObject([{ foundBy: 'entity-alias' }])
    const byName = heldBy(vaultHolder(ids.model, { subject: null, entityId: null }))
    expect(shownLeases(workload(byName, ids.model))).toMatchObject([{ foundBy: 'display-name' }])
  })

  it('is nobody of the pipeline where it is neither', () => {
    const graph = heldBy(vaultHolder('root', { displayName: 'root' }))
    const component = graph.control.find(({ kind }) => kind === 'vault')
    expect(component?.vault?.orphaned).toMatchObject([{ kind: 'unmatched', why: { code: 'lease-holder-foreign' } }])
    expect(component?.state.state).toBe('verified')
  })
})

describe('orphaned leases', () => {
  const stranger = 'spiffe://pipeline.example/ns/ai/sa/gone'
  const componentOf = (given: readonly ScopeState[]) => {
    const found = build(given).control.find(({ kind }) => kind === 'vault')
    if (found === undefined) throw new Error('no Vault')
    return found
  }

  it('are those of a holder of which nothing runs and SPIRE has no entry', () => {
    const component = componentOf(withVault([...held, vaultLease('o', vaultHolder(stranger))]))
    expect(component.state).toMatchObject({ state: 'attention', reason: { code: 'vault-orphans' } })
    expect(component.vault).toMatchObject({ active: 4, orphanedTotal: 1 })
    expect(component.vault?.orphaned).toMatchObject([
      { kind: 'gone', why: { code: 'lease-holder-gone' }, lease: { leaseId: 'database/creds/ro/o' } },
    ])
    expect(reasonSentence(component.summary)).toBe('1 of 4 orphaned')
  })

  it('are not certain while the entries cannot be read', () => {
    const held = withVault([vaultLease('o', vaultHolder(stranger))])
    const component = componentOf(withSilent(held, 'spire/spire/entries'))
    expect(component.vault?.orphaned).toMatchObject([{ kind: 'unmatched', why: { code: 'lease-holder-unseen' } }])
    expect(component.state.state).toBe('verified')
  })

  it('are certain by the objects of the cluster where the entries cannot be read', () => {
    const cluster = clusterScopes(pipeline.workloads, pipeline.calls)
    const held = withSilent(withVault([vaultLease('o', vaultHolder(stranger))]), 'spire/spire/entries')
    const [orphan] = componentOf([...held, ...cluster]).vault?.orphaned ?? []
    expect(orphan).toMatchObject({ kind: 'gone', why: { code: 'lease-holder-gone' } })
    for (const part of ['pods', 'namespaces', 'clusterspiffeids', 'clusterstaticentries']) {
      const partly = withSilent([...held, ...cluster], `kubernetes/cluster/${part}`)
      expect([part, componentOf(partly).vault?.orphaned[0]?.kind]).toEqual([part, 'unmatched'])
    }
  })

  it('are those whose holder is only named by intent and peers', () => {
    const without = [...scopes, ...clusterScopes(pipeline.workloads, pipeline.calls)].filter(
      (state) => !state.scope.startsWith('envoy/tool-runtime/') && !state.scope.startsWith('logs/tool-runtime-access'),
    )
    const gone = withFacts(
      withFacts(without, 'kubernetes/cluster/pods', 'pod', (fact) =>
        fact.serviceAccount === 'tool-runtime' ? null : fact,
      ),
      'spire/spire/entries',
      'registration-entry',
      (fact) => (fact.spiffeId === ids.tool ? null : fact),
    ).filter((state) => state.scope !== 'logs/model-server-access/activity')
    expect(workload(build(gone), ids.tool).state.state).toBe('unknown')
    expect(componentOf(gone).vault?.orphaned).toMatchObject([{ kind: 'gone', lease: { mount: 'kubernetes/' } }])
  })

  it('are those of an entity that is disabled', () => {
    const entity = vaultEntity(model.entityId ?? '', { name: 'entity_model', disabled: true })
    const component = componentOf(withVault([vaultLease('a', model)], [entity]))
    expect(component.vault?.orphaned).toMatchObject([{ kind: 'disabled', why: { code: 'lease-entity-disabled' } }])
    expect(component.state.restsOn).toContain(entity.id)
  })
})

describe('a workload needs attention', () => {
  it('when it holds a lease for longer than an hour', () => {
    const long = vaultLease('l', model, { expiresAt: builtAt + 3 * 60 * minute, ttlSeconds: null })
    const given = withVault([long])
    const { state, slots } = workload(build(given), ids.model)
    expect(state).toMatchObject({ state: 'attention', reason: { code: 'lease-long' }, restsOn: [long.id] })
    expect(reasonSentence(state.reason)).toContain('3 h 05 m')
    expect(slots.vault).toMatchObject({ tone: 'attention', text: '1' })
    // Nothing says that it ended because Vault is silent.
    expect(workload(build(withSilent(given, audit)), ids.model).state.state).toBe('attention')
    expect(workload(build(given, builtAt + 4 * 60 * minute), ids.model).state.reason.code).not.toBe('lease-long')
  })

  it('but not for one of exactly an hour', () => {
    const hour = vaultLease('h', model, { issuedAt: builtAt, expiresAt: builtAt + 60 * minute + 400 })
    expect(workload(build(withVault([hour])), ids.model).state.state).toBe('verified')
  })

  it('when Vault refuses what it asks for, in Vault’s words', () => {
    const denied = withVault([vaultDenial(vaultHolder(ids.tool))])
    const { state, slots, leases } = workload(build(denied), ids.tool)
    expect(state).toMatchObject({ state: 'attention', reason: { code: 'vault-denied', params: { count: 3 } } })
    expect(reasonSentence(state.reason)).toContain('“1 error occurred: * permission denied”')
    expect(slots.vault).toMatchObject({ text: '0', tone: 'attention' })
    expect(leases).toMatchObject({ known: true, value: { active: 0, denials: [{ path: 'database/creds/admin' }] } })
    expect(workload(build(denied), ids.model).state.state).toBe('verified')
  })
})

describe('the component of Vault', () => {
  const stateWith = (given: readonly ScopeState[]) => build(given).control.find(({ kind }) => kind === 'vault')?.state

  it('is verified while it answers unsealed and its audit log is read', () => {
    expect(stateWith(scopes)).toMatchObject({ state: 'verified', reason: { code: 'vault-serving' } })
  })

  it('is failing while sealed or not initialised, unknown while silent, unread or without audit log', () => {
    const changed = (more: Parameters<typeof vaultServer>[0]) =>
      withScope(scopes, 'vault/vault/server', (state) => ({ ...state, facts: [vaultServer(more)] }))
    expect(stateWith(changed({ sealed: true }))).toMatchObject({ state: 'failing', reason: { code: 'vault-sealed' } })
    expect(stateWith(changed({ initialized: false, sealed: true }))?.reason.code).toBe('vault-not-initialised')
    const silent = stateWith(withSilent(scopes, 'vault/vault/server'))
    expect(silent).toMatchObject({ state: 'unknown', reason: { code: 'vault-silent' }, missing: [{ source: 'vault' }] })
    expect(reasonSentence(silent?.reason ?? { code: '', params: {} })).toContain('“connect ECONNREFUSED”')
    expect(stateWith(withSilent(scopes, audit))?.reason.code).toBe('vault-audit-silent')
    expect(stateWith(scopes.filter((state) => state.scope !== audit))?.reason.code).toBe('vault-without-audit')
    // The log of a pod in which Vault writes no audit lines.
    const mute = withScope(scopes, audit, (state) => ({ ...state, facts: [vaultAudit({ lines: 0, since: null })] }))
    expect(stateWith(mute)).toMatchObject({ state: 'unknown', reason: { code: 'vault-without-audit' } })
    const unread = scopes.filter((state) => !state.scope.startsWith('vault/'))
    expect(stateWith([...unread, unreadScope('vault/vault/server')])?.reason.code).toBe('vault-silent')
    expect(stateWith(unread)?.reason.code).toBe('vault-unasked')
  })
})

describe('a Vault that is to be asked', () => {
  const asked = { vaults: ['vault'] }

  it('is unknown on every card and as a component before its first answer, never absent', () => {
    const graph = build(pipeline.scopes, builtAt, asked)
    for (const id of [ids.gateway, ids.model, ids.tool]) {
      const { slots, leases } = workload(graph, id)
      expect(slots.vault).toMatchObject({ kind: 'unknown', reason: { code: 'vault-not-read-yet' } })
      expect(slotText(slots.vault)).toBe('?')
      expect(leases).toMatchObject({ known: false, reason: { code: 'vault-not-read-yet' } })
    }
    const [component, ...others] = graph.control.filter(({ kind }) => kind === 'vault')
    expect(others).toEqual([])
    expect(component?.state).toMatchObject({
      state: 'unknown',
      reason: { code: 'vault-not-read-yet' },
      missing: [{ source: 'vault', instance: 'vault' }],
    })
  })

  it('is unknown before anything else was read, too, and while only its audit log speaks', () => {
    expect(build([], builtAt, asked).control).toMatchObject([{ kind: 'vault', state: { state: 'unknown' } }])
    const logOnly = scopes.filter((state) => !state.scope.startsWith('vault/'))
    expect(workload(build(logOnly, builtAt, asked), ids.model).slots.vault).toMatchObject({
      kind: 'unknown',
      reason: { code: 'vault-not-read-yet' },
    })
  })

  it('becomes known with its first answer, as in a whole build, and is not there where none is to be asked', () => {
    const started = startGraph({ ...settings, ...asked }, pipeline.scopes, builtAt)
    const updated = updateGraph(started, vaultScopes(held), builtAt)
    expect(updated.graph).toEqual(build(scopes, builtAt, asked))
    expect(workload(updated.graph, ids.model).slots.vault).toMatchObject({ kind: 'value', text: '2' })
    expect(workload(build(pipeline.scopes), ids.model).slots.vault).toEqual({ kind: 'none' })
  })
})

describe('a hop', () => {
  const opens = (credentials: NonNullable<typeof pipeline.intent.credentials>) => ({
    intent: { ...pipeline.intent, credentials },
  })

  it('has the leases of its caller that open the callee, as intent says', () => {
    const graph = build(scopes, builtAt, opens([{ mount: 'database', stage: 'tool-runtime' }]))
    expect(hop(graph, ids.model, ids.tool).leases.map(({ leaseId }) => leaseId)).toEqual([
      'database/creds/ro/b',
      'database/creds/ro/a',
    ])
    expect(hop(graph, ids.model, ids.tool).leases[0]?.opens).toBe('tool-runtime')
    expect(hop(graph, ids.gateway, ids.model).leases).toEqual([])
  })

  it('has none where another line names the role, or intent says nothing', () => {
    const lines = [
      { mount: 'database/', stage: 'tool-runtime' },
      { mount: 'database/', role: 'ro', stage: 'gateway' },
    ]
    expect(hop(build(scopes, builtAt, opens(lines)), ids.model, ids.tool).leases).toEqual([])
    expect(hop(build(scopes, builtAt, settings), ids.model, ids.tool).leases).toEqual([])
  })
})
