import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { z } from 'zod'

const axeResult = z.array(z.object({ id: z.string(), impact: z.string().nullable(), nodes: z.array(z.string()) }))

/**
 * A map that somebody zoomed out shrinks its cards and brings the marks of hops together: the zoom is theirs (back to 100 % by one
 * button or the key 0), and the table (key 4) lists the same with rows of full size, which WCAG 2.2 excepts from 2.5.8 as
 * equivalent. From half size on all of it is held to it.
 */
const isFarAway = `(node) => {
  const element = document.querySelector(node.target[0])
  const map = element?.closest('.react-flow__viewport')
  if (!map) return false
  return new DOMMatrix(getComputedStyle(map).transform).a < 0.5
}`

/** axe-core run in the page, by way of the debugger so that the page's own content security policy stays as it is. */
export async function violations(page: Page): Promise<z.infer<typeof axeResult>> {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(source)
  const found: unknown = await page.evaluate(`(async () => {
    const isFarAway = ${isFarAway}
    const result = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })
    return result.violations
      .map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.filter((node) => id !== 'target-size' || !isFarAway(node)) }))
      .filter(({ nodes }) => nodes.length > 0)
      .map(({ id, impact, nodes }) => ({
        id,
        impact,
        nodes: nodes.map((node) => node.html.slice(0, 160) + ' ' + node.any.map(({ message }) => message).join(' ')),
      }))
  })()`)
  return axeResult.parse(found)
}
