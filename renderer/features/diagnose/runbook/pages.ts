import type { RunbookAddress } from '../address.ts'

/** The pages of docs/runbooks as text, put into a part of the build of their own. */
const texts: Readonly<Record<string, string>> = import.meta.glob('../../../../docs/runbooks/*.md', {
  query: '?raw',
  import: 'default',
  eager: true,
})

/** Markdown of a page. */
export function pageOf(id: RunbookAddress): string {
  return texts[`../../../../docs/runbooks/${id === 'index' ? 'README' : id}.md`] ?? ''
}
