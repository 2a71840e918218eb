import { describe, expect, it } from 'vitest'
import { relations, transportStates } from '../../../shared/domain/model/hop-state.ts'
import { authorisationTone, type EdgeFacts, edgeRank, lineLook, transportTone, workloadTone } from './looks.ts'

const all = new Set(relations)
const facts = (change: Partial<EdgeFacts>): EdgeFacts => ({
  transport: 'verified',
  authorisation: 'allowing',
  relations: ['observed', 'granted', 'intended'],
  ...change,
})

describe('looks', () => {
  it('never draws the unknown as good or bad', () => {
    expect([transportTone('unknown'), authorisationTone('unknown'), workloadTone('unknown')]).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ])
  })

  it('keeps a denial apart from a fault', () => {
    expect(authorisationTone('denying')).toBe('deny')
    expect(authorisationTone('erroring')).toBe('fail')
  })

  it('draws what is observed as its transport, over a band when it is intended', () => {
    for (const transport of transportStates) {
      expect(lineLook(facts({ transport }), all)).toEqual({ line: transport, band: true, glyph: transport })
    }
    expect(lineLook(facts({ relations: ['observed'] }), all)?.band).toBe(false)
  })

  it('draws what is granted but unseen as dots without a glyph, and what is only intended as a band', () => {
    expect(lineLook(facts({ transport: 'unknown', relations: ['granted'] }), all)).toEqual({
      line: 'granted',
      band: false,
      glyph: null,
    })
    expect(lineLook(facts({ transport: 'unknown', relations: ['intended'] }), all)).toEqual({
      line: 'none',
      band: true,
      glyph: null,
    })
  })

  it('draws a failing hop as failing although nothing was observed on it', () => {
    expect(lineLook(facts({ transport: 'failing', relations: ['granted', 'intended'] }), all)?.line).toBe('failing')
  })

  it('hides an edge when all of its layers are off, and shows what is left otherwise', () => {
    expect(lineLook(facts({ relations: ['observed'] }), new Set(['granted', 'intended']))).toBe(null)
    expect(lineLook(facts({}), new Set(['granted']))).toEqual({ line: 'granted', band: false, glyph: null })
    expect(lineLook(facts({}), new Set(['intended']))).toEqual({ line: 'none', band: true, glyph: null })
  })

  it('puts failing before everything and verified with allowing last', () => {
    const failing = edgeRank(facts({ transport: 'failing' }))
    const open = edgeRank(facts({ authorisation: 'failing-open' }))
    const quiet = edgeRank(facts({}))
    expect(failing).toBeLessThan(open)
    expect(open).toBeLessThan(quiet)
  })
})
