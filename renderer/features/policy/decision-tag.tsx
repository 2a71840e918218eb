import { CircleCheck, CircleHelp, CircleSlash, OctagonX } from 'lucide-react'
import type { Evaluation } from '../../../shared/domain/model/policy.ts'
import { decisionMeaning, decisionWord } from '../../../shared/words/policy.ts'
import { Tag, type Tone } from '../../ui/atoms.tsx'

const tones: Readonly<Record<Evaluation['decision'], Tone>> = {
  allow: 'ok',
  deny: 'deny',
  undefined: 'unknown',
  error: 'fail',
}

/** A decision by shape, word and colour: no is violet, broken is red, undefined is hatched. */
export function DecisionTag({ decision }: { readonly decision: Evaluation['decision'] | null }) {
  const size = { size: 13, 'aria-hidden': true }
  if (decision === null) {
    return (
      <Tag tone="unknown" icon={<CircleHelp {...size} />}>
        {decisionWord(null)}
      </Tag>
    )
  }
  return (
    <span title={decisionMeaning(decision)} data-decision={decision}>
      <Tag
        tone={tones[decision]}
        icon={
          decision === 'allow' ? (
            <CircleCheck {...size} />
          ) : decision === 'deny' ? (
            <CircleSlash {...size} />
          ) : decision === 'error' ? (
            <OctagonX {...size} />
          ) : (
            <CircleHelp {...size} />
          )
        }
      >
        {decisionWord(decision)}
      </Tag>
    </span>
  )
}
