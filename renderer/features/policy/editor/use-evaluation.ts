import { useCallback, useRef, useState } from 'react'
import type { DraftSummary } from '../../../../shared/contract/policy.ts'
import type { Evaluation, RevisionId } from '../../../../shared/domain/model/policy.ts'
import type { Client } from '../../../api/client.ts'
import { failureSentence } from '../../../api/environments.ts'
import type { Bench } from './bench.ts'
import { short, standAlone } from './values.ts'

export interface EvaluationResult {
  readonly path: string
  readonly row: number
  readonly text: string
}

/** Evaluates a selection of the open file, or the rule that the cursor is in, with the input of the simulation. */
export function useEvaluation({
  client,
  environment,
  bundle,
  bench,
  draft,
  deployed,
}: {
  readonly client: Client
  readonly environment: string
  readonly bundle: string
  readonly bench: Bench | null
  readonly draft: DraftSummary | null
  readonly deployed: RevisionId | null
}) {
  const [result, setResult] = useState<EvaluationResult | null>(null)
  const input = useRef<unknown>(undefined)
  const setInput = useCallback((next: unknown) => {
    input.current = next
  }, [])
  const evaluate = async (selection: string | null, row: number): Promise<void> => {
    const path = bench?.get().active ?? null
    const module = path === null ? undefined : bench?.modelOf(path)?.getValue()
    if (bench === null || path === null || module === undefined || !path.endsWith('.rego')) return
    const expression = selection ?? ruleAt(module, row)
    if (expression === null) return
    const say = (text: string) => setResult({ path, row, text })
    try {
      await bench.save(false)
      const simulation = await client.policy.simulate({
        environment,
        bundle,
        deployed: draft === null ? deployed : null,
        draft: draft?.id ?? null,
        query: standAlone(expression.trim(), module),
        explain: false,
        input: input.current ?? {},
      })
      const evaluation = simulation.draft ?? simulation.deployed
      const without = input.current === undefined ? ' (without an input: give one under Simulate)' : ''
      say(evaluation === null ? (simulation.problem ?? 'not evaluated') : `${resultText(evaluation)}${without}`)
    } catch (error) {
      say(failureSentence(error))
    }
  }
  return { result, evaluate: (selection: string | null, row: number) => void evaluate(selection, row), setInput }
}

function resultText({ decision, error, result }: Evaluation): string {
  if (error !== null) return error.split('\n')[0] ?? error
  return decision === 'undefined' ? 'undefined' : short(result)
}

/** Name of the rule whose head is on the row or the nearest above it; null: there is none. */
export function ruleAt(module: string, row: number): string | null {
  const rows = module.split('\n').slice(0, row).toReversed()
  for (const text of rows) {
    const name = /^(?:default\s+)?([A-Za-z_]\w*)/.exec(text)?.[1]
    if (name !== undefined) return name === 'package' || name === 'import' ? null : name
  }
  return null
}
