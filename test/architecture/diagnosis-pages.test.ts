import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { handshakeRules } from '../../shared/domain/diagnosis/handshake/rules/index.ts'
import { handshakeCauses, requestCauses } from '../../shared/domain/diagnosis/model.ts'
import { identityCauses } from '../../shared/domain/diagnosis/no-identity/model.ts'
import { identityRules } from '../../shared/domain/diagnosis/no-identity/rules/index.ts'
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

const [, toldUnprovoked = ''] = readFileSync(join(folder, 'README.md'), 'utf8').split(
  '\n## Causes that no fault provokes\n',
)
const unprovokedRows = [...toldUnprovoked.matchAll(/^\| `([a-z-]+)` \| (made|no: ).*\|$/gm)].map(
  ([, cause = '', how]) => ({ cause, isMade: how === 'made' }),
)

test('the README says of every cause that no fault provokes whether it is made, or why not', () => {
  const unprovoked = [...requestRules, ...handshakeRules, ...identityRules].filter(({ faults }) => faults.length === 0)
  expect(unprovoked.length).toBeGreaterThan(0)
  expect(unprovokedRows.map(({ cause }) => cause).toSorted()).toEqual(unprovoked.map(({ cause }) => cause).toSorted())
})

test('those that it calls made are those that the test beside the faults makes', () => {
  const made = readFileSync(join(root, 'test/conformance/causes-without-fault.lab.test.ts'), 'utf8')
  const named = [...causes].filter((cause) => made.includes(`'${cause}'`))
  expect(named.toSorted()).toEqual(
    unprovokedRows
      .filter(({ isMade }) => isMade)
      .map(({ cause }) => cause)
      .toSorted(),
  )
})

test('every page is of a cause that there is', () => {
  const pages = readdirSync(folder).flatMap((name) =>
    name === 'README.md' || !name.endsWith('.md') ? [] : [name.slice(0, -3)],
  )
  expect(pages.filter((page) => !causes.has(page))).toEqual([])
})
