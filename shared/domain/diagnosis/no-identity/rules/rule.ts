import type { DiagnosisRule } from '../../rule.ts'
import type { IdentityCause } from '../model.ts'
import type { IdentityView } from '../view.ts'

export type IdentityRule = DiagnosisRule<IdentityView, IdentityCause>

export { found, ruledOut } from '../../request/rules/rule.ts'
