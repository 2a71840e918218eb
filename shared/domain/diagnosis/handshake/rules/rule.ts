import type { HandshakeCause } from '../../model.ts'
import type { DiagnosisRule } from '../../rule.ts'
import type { HandshakeView } from '../view.ts'

/** Says of its cause which side is wrong; `both` where neither is by itself, such as between two clocks. */
export type HandshakeRule = DiagnosisRule<HandshakeView, HandshakeCause> & {
  readonly wrongSide: 'client' | 'server' | 'both'
}

export { found, ruledOut } from '../../request/rules/rule.ts'
