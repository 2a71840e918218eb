import { describe, expect, it } from 'vitest'
import type { NetworkView } from '../domain/model/graph.ts'
import { directionWords, networkSentence, networkWord } from './network.ts'

const view: NetworkView = {
  verdict: 'blocked',
  ingress: 'blocked',
  egress: 'admitted',
  port: 8443,
  policies: ['ai/gateway'],
  restsOn: [],
}

describe('what NetworkPolicies say of a hop', () => {
  it('names the side that blocks', () => {
    expect(networkSentence(view)).toContain('none admits this caller')
    expect(networkSentence({ ...view, ingress: 'admitted', egress: 'blocked' })).toContain('none admits this callee')
    expect(networkSentence({ ...view, egress: 'blocked' })).toContain('none admits this hop')
  })

  it('never claims that the network enforces them', () => {
    for (const verdict of ['admitted', 'blocked', 'unrestricted'] as const)
      expect(networkSentence({ ...view, verdict })).toContain('nothing here proves')
  })

  it('differs by shape and word, not by colour alone', () => {
    const words = (['admitted', 'blocked', 'unrestricted'] as const).map(networkWord)
    expect(new Set(words.map((word) => word.charAt(0))).size).toBe(3)
  })

  it('says the port only where it is known', () => {
    expect(directionWords('admitted', 8443)).toBe('admitted on port 8443')
    expect(directionWords('admitted', null)).toBe('admitted')
    expect(directionWords('unrestricted', 8443)).toBe('no policy restricts it')
  })
})
