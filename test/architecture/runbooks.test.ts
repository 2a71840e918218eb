import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { handshakeCauses } from '../../shared/domain/diagnosis/model.ts'
import { identityCauses } from '../../shared/domain/diagnosis/no-identity/model.ts'
import { runbooks } from '../../shared/domain/diagnosis/runbook-ids.ts'
import { conditionsWithRunbook, runbookOf, runbookSteps } from '../../shared/domain/diagnosis/runbooks.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { root } from './sources.ts'

const folder = join(root, 'docs/runbooks')
const pages = readdirSync(folder)
  .filter((name) => name !== 'README.md')
  .map((name) => name.replace(/\.md$/, ''))
const textOf = (page: string): string => readFileSync(join(folder, `${page}.md`), 'utf8')

test('every runbook that a verdict can name is a page, and every page is one that a verdict names', () => {
  const named = new Set(conditionsWithRunbook.flatMap((condition) => runbookOf(condition) ?? []))
  expect([...runbooks].toSorted()).toEqual(pages.toSorted())
  expect([...named].toSorted()).toEqual(pages.toSorted())
})

test.each(pages)('runbook %s has every part, and is in the index', (page) => {
  const text = textOf(page)
  const parts = [
    '**Condition.**',
    '**How Everyhop shows it.**',
    '## First 5 minutes',
    '## Decide',
    '## Repair',
    '## Verify',
    '## Not',
  ]
  expect(parts.filter((part) => !text.includes(part))).toEqual([])
  expect(textOf('README')).toContain(`](${page}.md)`)
})

test('links between the pages lead to pages', () => {
  const links = [...pages, 'README'].flatMap((page) =>
    [...textOf(page).matchAll(/\]\(([\w-]+)\.md\)/g)].map(([, to]) => to ?? ''),
  )
  expect(links.filter((to) => !pages.includes(to))).toEqual([])
})

test('every cause of a handshake and of a missing identity has a page that is short, with its links', () => {
  const places = join(root, 'docs/diagnosis')
  for (const cause of [...handshakeCauses, ...identityCauses]) {
    const text = readFileSync(join(places, `${cause}.md`), 'utf8')
    expect([cause, text.trimEnd().split('\n').length <= 20]).toEqual([cause, true])
    expect([cause, ['**Seen.**', '**Proves it.**', '**Do.**'].filter((part) => !text.includes(part))]).toEqual([
      cause,
      [],
    ])
    for (const [, to] of text.matchAll(/\]\(([\w./-]+\.md)\)/g))
      expect([cause, existsSync(join(places, to ?? ''))]).toEqual([cause, true])
  }
})

test('the step to a runbook names its page in words', () => {
  const [step] = runbookSteps('server-certificate-expired')
  expect(step?.runbook).toBe('svid-rotation-failure')
  expect(step === undefined ? '' : reasonSentence(step.reason)).toContain('docs/runbooks/svid-rotation-failure.md')
  expect(runbookSteps('not-failing')).toEqual([])
})
