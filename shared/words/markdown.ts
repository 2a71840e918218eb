/**
 * Text of logs and names inside Markdown, so that it stays text: no link, picture, HTML, heading, list or line of its own comes of
 * it, in CommonMark and in GitHub's additions to it.
 */

/** Inside a sentence. */
export function inertText(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*_[\]{}()#+!|<>~&]/g, (character) => `\\${character}`)
    .replaceAll('://', '\\://')
    .replaceAll(/\bwww\./gi, (found) => `${found.slice(0, -1)}\\.`)
}

/** As code in a line: nothing inside it means anything. */
export function inertCode(text: string): string {
  const line = oneLine(text)
  const fence = '`'.repeat(longestRun(line) + 1)
  const gap = line.startsWith('`') || line.endsWith('`') || line.trim() === '' ? ' ' : ''
  return `${fence}${gap}${line}${gap}${fence}`
}

/** As a block of code of its own, with its lines. */
export function inertBlock(text: string): string {
  const lines = text.replaceAll(/\r\n?/g, '\n').replaceAll(/[^\P{C}\n\t]/gu, '\uFFFD')
  const fence = '`'.repeat(Math.max(3, longestRun(lines) + 1))
  return `${fence}\n${lines}\n${fence}`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/\p{C}/gu, '\uFFFD').trim()
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
}
