import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { conditionsWithRunbook, runbookOf, runbookSteps, runbooks } from '../../shared/domain/diagnosis/runbooks.ts'
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

test('the step to a runbook names its page in words', () => {
  const [step] = runbookSteps('server-certificate-expired')
  expect(step?.runbook).toBe('svid-rotation-failure')
  expect(step === undefined ? '' : reasonSentence(step.reason)).toContain('docs/runbooks/svid-rotation-failure.md')
  expect(runbookSteps('not-failing')).toEqual([])
})
