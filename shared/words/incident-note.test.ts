import { expect, it } from 'vitest'
import { decision, decisionId, denied, evaluation, requestCase, requestId } from '../../test/builders/request-case.ts'
import { diagnoseRequest } from '../domain/diagnosis/request/diagnose-request.ts'
import { incidentNote } from './incident-note.ts'

const now = Date.UTC(2026, 10, 22, 12, 4, 31)
const hostile =
  '[click](https://evil.example) ![x](//evil.example/p.png) <img src=x onerror=alert(1)> `a`\n# Heading\n~~~\n```\n| a |'

const noteOf = (reasons: readonly string[], id = requestId) =>
  incidentNote(
    diagnoseRequest(
      requestCase({
        asked: { by: 'request', id },
        accesses: [{ ...denied, requestId: id }],
        decisions: [decision({ reasons })],
        evaluation: evaluation(),
      }),
    ),
    { environment: 'prod-eu', now },
  )

it('says the verdict first, then what the request was, the chain, and how to ask again', () => {
  const note = noteOf(['the classification is above the limit'])
  const lines = note.split('\n')
  expect(lines[0]).toMatch(/^## Refused request: .+ → .+ \(403\)$/)
  expect(lines[2]).toMatch(/^\*\*Policy denied it\..+\*\*$/)
  expect(note).toContain(`- Request id: \`${requestId}\``)
  expect(note).toContain(`- Decision id: \`${decisionId}\``)
  expect(note).toMatch(/- OPA decision, passed: /)
  expect(note).toContain(`everyhop diagnose request ${requestId} --env prod-eu`)
  expect(note).toContain('Diagnosed by Everyhop at 2026-11-22 12:04:31 UTC')
})

it('what a log says stays text: outside of code there is no link, picture, HTML, heading or fence of it', () => {
  const outside = withoutCode(noteOf([hostile]))
  expect(outside).not.toMatch(/(^|[^\\])[[\]<>|]/m)
  expect(outside).not.toContain('https://')
  expect(outside.split('\n').filter((line) => line.startsWith('#'))).toEqual(
    outside
      .split('\n')
      .filter((line) => /^(## Refused request|### (From|Without|Evidence|Ruled|Still|Next|Ask|Rule))/.test(line)),
  )
})

it('an id of a log is one word of the command, whatever is in it', () => {
  const note = noteOf([], "x'; rm -rf / #")
  expect(note).toContain(`everyhop diagnose request 'x'\\''; rm -rf / #' --env prod-eu`)
})

it('what was masked in the log is as masked in the note', () => {
  const masked = diagnoseRequest(
    requestCase({
      accesses: [denied],
      decisions: [decision({ masked: ['/attributes/request/http/headers/authorization'] })],
      evaluation: evaluation({
        rule: {
          file: 'pipeline/authz.rego',
          row: 4,
          decidedBy: 'failed',
          name: null,
          alternatives: 0,
          lookedFor: null,
          lines: [
            {
              row: 4,
              text: 'input.token == data.token',
              outcome: 'failed',
              values: [{ name: 'input.token', json: '', masked: true }],
            },
          ],
          revision: 'r42',
          isRevisionThatDecided: true,
        },
      }),
    }),
  )
  const note = incidentNote(masked, { environment: 'lab', now })
  expect(note).toContain('input.token is masked')
  expect(note).toMatch(/masked in the log/)
})

it('says for whom it was as OPA was told, and of what is masked only that', () => {
  const user = { state: 'known' as const, value: 'al`ice [x](//evil.example)', claim: 'sub', at: '/input/claims/sub' }
  const of = requestCase({ accesses: [denied], decisions: [decision({ user, actor: { state: 'masked' } })] })
  const note = incidentNote(diagnoseRequest(of), { environment: 'lab', now })
  expect(note).toMatch(/- User: ``al`ice \[x\]\(\/\/evil\.example\)`` \(claim sub, as OPA was told: /)
  expect(note).toContain('- Acting: masked in the log')
  expect(note).toMatch(/- Logged on 1 of \d hops?\n/)
})

/** Markdown without its code, as CommonMark finds it: fenced blocks, then spans between runs of backticks of one length. */
function withoutCode(markdown: string): string {
  const kept: string[] = []
  let fence: string | null = null
  for (const line of markdown.split('\n')) {
    const run = /^(`{3,})/.exec(line)?.[1] ?? null
    if (fence === null && run !== null) fence = run
    else if (fence !== null && line === fence) fence = null
    else if (fence === null) kept.push(line)
  }
  return kept.join('\n').replaceAll(/(?<![\\`])(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, 'code')
}
