import { Check } from 'lucide-react'
import { useState } from 'react'
import type { DraftSummary } from '../../../../shared/contract/policy.ts'
import type { Evaluation } from '../../../../shared/domain/model/policy.ts'
import { useApi } from '../../../api/api-context.tsx'
import { useCommand } from '../../../api/environments.ts'
import { usePolicyAgain } from '../../../api/policy.ts'
import { Button } from '../../../ui/atoms.tsx'
import { member } from './request-form.ts'
import { type SavedTest, testFileOf, withTest } from './saved-test.ts'
import styles from './simulate.module.css'

/** Writes what was simulated as a Rego test into the draft: from then on the answer is held to. */
export function SaveAsTest({
  draft,
  decisionPath,
  input,
  masked,
  evaluation,
  onReveal,
}: {
  readonly draft: DraftSummary | null
  readonly decisionPath: string | null
  readonly input: unknown
  readonly masked: readonly string[]
  readonly evaluation: Evaluation | null
  readonly onReveal: (path: string, row: number) => void
}) {
  const { client } = useApi()
  const again = usePolicyAgain()
  const { busy, failure, run } = useCommand()
  const [chosen, setChosen] = useState<SavedTest['expected'] | null>(null)
  const [saved, setSaved] = useState<{ readonly path: string; readonly name: string; readonly row: number } | null>(
    null,
  )
  if (evaluation === null || decisionPath === null) return null
  const now = evaluation.decision === 'error' ? 'deny' : evaluation.decision
  const expected = chosen ?? now
  const save = () =>
    run(async () => {
      if (draft === null) return
      const path = testFileOf(decisionPath)
      const isThere = draft.files.some((file) => file.path === path)
      const before = isThere ? await client.policy.readDraft({ draft: draft.id, path }) : null
      const test = { decisionPath, input, expected, result: evaluation.result, masked, about: aboutOf(input) }
      const { text, name } = withTest(before?.text ?? '', test)
      const formatted = await client.policy.format({ path, text })
      await client.policy.writeDraft({
        draft: draft.id,
        path,
        text: formatted.text,
        version: before?.version ?? null,
      })
      setSaved({ path, name, row: formatted.text.split('\n').findIndex((line) => line.startsWith(name)) + 1 })
      await again()
    })
  return (
    <section className={styles.save}>
      <label>
        The request must be{' '}
        <select
          value={expected}
          onChange={(event) => setChosen(expectedOf(event.target.value))}
          data-testid="test-expects"
        >
          <option value="allow">allowed</option>
          <option value="deny">denied</option>
          {now === 'undefined' ? <option value="undefined">undefined</option> : null}
        </select>
      </label>
      <Button small disabled={draft === null || busy} onClick={() => void save()} data-testid="save-as-test">
        <Check size={12} aria-hidden="true" />
        Save as test
      </Button>
      {draft === null ? <p className={styles.quiet}>Start a draft to keep tests in it.</p> : null}
      {failure === null ? null : (
        <p className={styles.problem} role="alert">
          {failure}
        </p>
      )}
      {saved === null ? null : (
        <p className={styles.quiet} role="status" data-testid="test-saved">
          Saved as{' '}
          <button type="button" className={styles.place} onClick={() => onReveal(saved.path, saved.row)}>
            {saved.name}
          </button>{' '}
          in {saved.path}.
        </p>
      )}
    </section>
  )
}

function expectedOf(value: string): SavedTest['expected'] {
  return value === 'allow' || value === 'undefined' ? value : 'deny'
}

/** "gateway to prompt-firewall, POST /v1/inspections"; parts that are not there are left out. */
function aboutOf(input: unknown): string {
  const attributes = member(input, 'attributes')
  const end = (side: string): string => {
    const principal = member(member(attributes, side), 'principal')
    return typeof principal === 'string' ? (principal.split('/').at(-1) ?? principal) : 'nobody known'
  }
  const http = member(member(attributes, 'request'), 'http')
  const words = ['method', 'path'].map((name) => member(http, name)).filter((word) => typeof word === 'string')
  return `${end('source')} to ${end('destination')}${words.length === 0 ? '' : `, ${words.join(' ')}`}`
}
