import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { handshakeRules } from '../../shared/domain/diagnosis/handshake/rules/index.ts'
import { handshakeCauses, requestCauses } from '../../shared/domain/diagnosis/model.ts'
import { identityCauses } from '../../shared/domain/diagnosis/no-identity/model.ts'
import { requestRules } from '../../shared/domain/diagnosis/request/rules/index.ts'
import { runbookOf } from '../../shared/domain/diagnosis/runbooks.ts'
import { root } from './sources.ts'

const folder = join(root, 'docs/diagnosis')
const causes = new Set<string>([...requestCauses, ...handshakeCauses, ...identityCauses])

test.each([...requestCauses, ...handshakeCauses])(
  'the cause %s has a page: what is seen, what proves it, what to do',
  (cause) => {
    const text = readFileSync(join(folder, `${cause}.md`), 'utf8')
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(20)
    expect(['# ', '**Seen.**', '**Proves it.**', '**Do.**'].filter((part) => !text.includes(part))).toEqual([])
    for (const [, to = ''] of text.matchAll(/\]\(([\w./-]+\.md)\)/g))
      expect([to, existsSync(join(folder, to))]).toEqual([to, true])
  },
)

test.each(requestCauses)('the page of %s leads to the runbook that a verdict of it does', (cause) => {
  const runbook = runbookOf(cause)
  const text = readFileSync(join(folder, `${cause}.md`), 'utf8')
  if (runbook !== null) expect(text).toContain(`](../runbooks/${runbook}.md)`)
})

test('the causes that the README calls not measured are those of rules that no fault provokes', () => {
  const [, told = ''] = readFileSync(join(folder, 'README.md'), 'utf8').split('\nNot measured: ')
  const [paragraph = ''] = told.split('\n\n')
  const named = [...paragraph.matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => name).filter((name) => causes.has(name))
  const unprovoked = [...requestRules, ...handshakeRules].filter(({ faults }) => faults.length === 0)
  expect(unprovoked.length).toBeGreaterThan(0)
  expect(named.toSorted()).toEqual(unprovoked.map(({ cause }) => cause).toSorted())
})

test('every page is of a cause that there is', () => {
  const pages = readdirSync(folder).flatMap((name) =>
    name === 'README.md' || !name.endsWith('.md') ? [] : [name.slice(0, -3)],
  )
  expect(pages.filter((page) => !causes.has(page))).toEqual([])
})
