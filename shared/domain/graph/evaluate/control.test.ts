import { describe, expect, it } from 'vitest'
import { builtAt, opaInstance, unreadScope } from '../../../../test/builders/facts.ts'
import { build, pipeline } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { Gap, ScopeState } from '../../model/fact.ts'

function spireWith(reason: Gap['reason'] | null): readonly ScopeState[] {
  const others = pipeline.scopes.filter((state) => !state.scope.startsWith('spire/'))
  const detail = 'give one under sources.spire'
  const what = 'registration-entries'
  const gaps: Gap[] = reason === null ? [] : [{ source: 'spire', instance: 'spire', what, reason, detail, at: builtAt }]
  return [...others, { ...unreadScope('spire/spire/entries', []), readAt: null, gaps }]
}

function serverOf(scopes: readonly ScopeState[]) {
  const found = build(scopes).control.find(({ kind }) => kind === 'spire-server')
  if (found === undefined) throw new Error('no SPIRE server is drawn')
  return found
}

describe('a SPIRE server that tells nothing', () => {
  it.each([
    ['is not asked without an identity', 'not-configured', 'spire-not-asked', 'is not asked'],
    ['refuses', 'forbidden', 'spire-refuses', 'refuses what Everyhop asks'],
    ['does not answer', 'unreachable', 'spire-silent', 'does not answer'],
    ['has not been read yet', null, 'spire-not-read-yet', 'has not been read yet'],
  ] as const)('%s, and that is what is said', (_words, reason, code, text) => {
    const { state } = serverOf(spireWith(reason))
    expect(state).toMatchObject({ state: 'unknown', reason: { code } })
    expect(reasonSentence(state.reason)).toContain(text)
    if (code === 'spire-not-asked') expect(reasonSentence(state.reason)).not.toContain('does not answer')
  })
})

describe('an OPA that told nothing at the last reading', () => {
  const opaAfter = (reason: Gap['reason']) => {
    const fact = opaInstance('shared')
    const gap: Gap = { source: 'opa', instance: 'shared', what: 'config', reason, detail: 'said', at: builtAt }
    const state = { ...unreadScope('opa/shared/instance', [fact]), gaps: [gap] }
    return build([state]).control.find(({ id }) => id === 'control/opa/shared')?.state
  }

  it.each(['unreachable', 'timed-out'] as const)('fails where it was asked: %s', (reason) => {
    expect(opaAfter(reason)).toMatchObject({ state: 'failing', reason: { code: 'opa-silent' } })
  })

  it('is unknown where the cluster that leads to it cannot be reached', () => {
    expect(opaAfter('no-way')).toMatchObject({ state: 'unknown' })
  })
})
