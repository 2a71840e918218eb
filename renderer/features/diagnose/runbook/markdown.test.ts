import { expect, test } from 'vitest'
import { runbooks } from '../../../../shared/domain/diagnosis/runbook-ids.ts'
import { runbookOf } from '../../../../shared/domain/diagnosis/runbooks.ts'
import { runbookTitles } from '../../../../shared/words/runbooks.ts'
import { runbookAddresses } from '../address.ts'
import { type Block, blocksIn, type Inline } from './markdown.ts'
import { pageOf } from './pages.ts'

function inlinesOf(block: Block): readonly Inline[] {
  switch (block.kind) {
    case 'heading':
    case 'paragraph':
      return block.line
    case 'list':
      return block.items.flat()
    case 'table':
      return [...block.head, ...block.rows.flat()].flat()
    case 'code':
      return []
  }
}

test('lists go on over lines, code keeps its lines, and cells are told apart', () => {
  const text =
    '# Title (P1)\n\n1. one\n   more `x <y>`\n2. two\n* other\n\n```\na  b\n\nc\n```\n| a | b |\n|---|---|\n| [c](c.md) | **d** |\n'
  expect(blocksIn(text)).toEqual([
    { kind: 'heading', level: 1, line: [{ kind: 'text', text: 'Title (P1)' }] },
    {
      kind: 'list',
      ordered: true,
      items: [
        [
          { kind: 'text', text: 'one more ' },
          { kind: 'code', text: 'x <y>' },
        ],
        [{ kind: 'text', text: 'two' }],
      ],
    },
    { kind: 'list', ordered: false, items: [[{ kind: 'text', text: 'other' }]] },
    { kind: 'code', text: 'a  b\n\nc' },
    {
      kind: 'table',
      head: [[{ kind: 'text', text: 'a' }], [{ kind: 'text', text: 'b' }]],
      rows: [[[{ kind: 'link', text: 'c', to: 'c.md' }], [{ kind: 'strong', text: 'd' }]]],
    },
  ])
})

test('HTML in a page is text, as is what only begins like Markdown', () => {
  for (const hostile of ['<img src=x onerror=alert(1)>', 'a * b * c', '[x](y', '``']) {
    expect(blocksIn(hostile)).toEqual([{ kind: 'paragraph', line: [{ kind: 'text', text: hostile }] }])
  }
  expect(blocksIn('```\nnever ends')).toEqual([{ kind: 'code', text: 'never ends' }])
})

test.each(runbookAddresses)('nothing of %s is left as marks, and its links lead to pages', (name) => {
  const blocks = blocksIn(pageOf(name))
  expect(blocks.length).toBeGreaterThan(2)
  const inlines = blocks.flatMap(inlinesOf)
  const left = inlines.filter(({ kind, text }) => kind === 'text' && /\*\*|`|\]\(|^#|^\* |\. \* /.test(text))
  expect(left).toEqual([])
  const links = inlines.flatMap((each) => (each.kind === 'link' ? [each.to.replace(/\.md$/, '')] : []))
  expect(links.filter((to) => !(runbooks as readonly string[]).includes(to))).toEqual([])
})

test('every page begins with the title that links to it say', () => {
  for (const id of runbooks) {
    const [first = ''] = pageOf(id).split('\n', 1)
    const title = first.replace(/^# /, '').replace(/ \(P\d[^)]*\)$/, '')
    expect([id, title]).toEqual([id, runbookTitles[id]])
  }
  expect(runbookOf('every-hop-failing')).toBe('mesh-failure')
})
