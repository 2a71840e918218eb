import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run-tool.ts'

/** `npm run new -- decision "<title>"`: a numbered page in docs/decisions. */
const [kind, ...words] = process.argv.slice(2)
const title = words.join(' ').trim()
if (kind !== 'decision' || title === '') {
  console.error('usage: npm run new -- decision "<title>"')
  process.exitCode = 2
} else {
  const folder = join(root, 'docs', 'decisions')
  const last = Math.max(0, ...readdirSync(folder).map((name) => Number.parseInt(name, 10) || 0))
  const number = String(last + 1).padStart(4, '0')
  const slug = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  const file = join(folder, `${number}-${slug}.md`)
  writeFileSync(file, `# ${number} ${title}\n\nWhat was decided, why, and what it replaces.\n`, { flag: 'wx' })
  console.log(file)
}
