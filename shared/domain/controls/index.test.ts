import { expect, test } from 'vitest'
import { artefactIds } from '../evidence/model.ts'
import { controlsDocument, controlsOf, frameworks, supportedControls } from './index.ts'

const all = frameworks.flatMap(({ controls }) => controls)

test('every artefact that is named exists, once a control', () => {
  for (const { id, direct, supporting } of all) {
    const named = [...direct, ...supporting]
    expect([id, named.length > 0, new Set(named).size]).toEqual([id, true, named.length])
    for (const artefact of named) expect(artefactIds).toContain(artefact)
  }
})

test('ids are unique, and tokens that tools of auditors take', () => {
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  for (const { id } of all) expect(id).toMatch(/^[A-Za-z_][A-Za-z0-9._-]*$/)
})

test('the seven frameworks of the governance papers are there', () => {
  expect(frameworks.map(({ framework }) => framework.id)).toEqual([
    'apra-cps-234',
    'nist-sp-800-207',
    'iso-27001',
    'iso-42001',
    'eu-ai-act',
    'soc-2',
    'owasp-llm',
  ])
  expect(frameworks.find(({ framework }) => framework.id === 'nist-sp-800-207')?.controls).toHaveLength(7)
})

test.each(artefactIds)('%s is evidence for something, and says for what', (artefact) => {
  expect(controlsOf(artefact).length).toBeGreaterThan(0)
})

test.each(artefactIds.slice(0, 5))('the governance artefact %s shows something directly', (artefact) => {
  expect(supportedControls([artefact]).some(({ strength }) => strength === 'direct')).toBe(true)
})

test('nothing is promised that only an assessor may say', () => {
  const words = frameworks.flatMap(({ framework, controls }) => [
    framework.name,
    framework.note,
    ...controls.flatMap(({ title, note }) => [title, note]),
  ])
  for (const text of words) expect(text).not.toMatch(/\b(compl(y|ies|iant|iance)|certif|passed|satisf|guarantee)/i)
})

test('what applies later or not to everything says so', () => {
  const article = all.find(({ id }) => id === 'aia-art9')
  expect(article?.note).toContain('Preparatory')
  expect(article?.note).toContain('2 December 2027')
  expect(article?.direct).toEqual([])
})

test('rows and document name only artefacts that are in the pack', () => {
  const rows = supportedControls(['decisions'])
  expect(rows.every(({ artefacts }) => artefacts.length === 1 && artefacts[0] === 'decisions')).toBe(true)
  expect(rows.map(({ control, strength }) => `${control} ${strength}`)).toContain('Tenet 6 direct')
  expect(JSON.stringify(controlsDocument(['decisions']))).not.toContain('jit-credentials')
  expect(supportedControls([])).toEqual([])
})
