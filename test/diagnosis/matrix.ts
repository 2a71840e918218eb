import { confidences } from '../../shared/domain/diagnosis/model.ts'
import type { Judged } from './judge.ts'
import { allSources } from './removals.ts'

/** The matrix as text: per fault the cause under each removal, expected against found, how often each confidence was right. */
export function matrixOf(judged: readonly Judged[]): readonly string[] {
  return [...perFault(judged), '', ...confusion(judged), '', ...calibration(judged), '', closingLine(judged)]
}

export function closingLine(judged: readonly Judged[]): string {
  const whole = judged.filter(({ removal }) => removal === allSources.id)
  const right = whole.filter(({ outcome }) => outcome === 'right').length
  const share = whole.length === 0 ? 0 : (100 * right) / whole.length
  const percent = share.toFixed(1).replace(/\.0$/, '')
  return `confidently wrong: ${confidentlyWrong(judged).length} of ${judged.length}; right first cause with all sources: ${percent}%`
}

export function confidentlyWrong(judged: readonly Judged[]): readonly Judged[] {
  return judged.filter(({ outcome, confidence }) => outcome === 'wrong' && confidence === 'high')
}

const marks = { right: '', unknown: '', wrong: ' (wrong)' } as const

function perFault(judged: readonly Judged[]): readonly string[] {
  const rows = Map.groupBy(judged, ({ capture, of }) => `${capture.fault} at ${capture.place}, ${of}`)
  return [...rows].flatMap(([name, of]) => {
    const found = Map.groupBy(of, ({ cause, confidence, outcome }) => `${cause} ${confidence}${marks[outcome]}`)
    const lines = [...found].map(([what, those]) => {
      const names = those.map(({ removal }) => removal)
      return `    ${what.padEnd(44)} ${those.length} of ${of.length}: ${names.join(', ')}`
    })
    return [`  ${name}`, ...lines]
  })
}

function confusion(judged: readonly Judged[]): readonly string[] {
  const rows = Map.groupBy(judged, ({ of, expected }) => `${of}: ${expected.join(' or ')}`)
  return [
    '  expected → found, over all removals',
    ...[...rows].map(([expected, of]) => {
      const found = [...Map.groupBy(of, ({ cause }) => cause)].map(([cause, those]) => `${cause} ${those.length}`)
      return `    ${expected} → ${found.join(', ')}`
    }),
  ]
}

function calibration(judged: readonly Judged[]): readonly string[] {
  return [
    '  confidence against right',
    ...confidences.map((word) => {
      const of = judged.filter(({ confidence }) => confidence === word)
      const count = (outcome: Judged['outcome']): number => of.filter((each) => each.outcome === outcome).length
      const named = count('right') + count('wrong')
      const share = named === 0 ? '–' : `${((100 * count('right')) / named).toFixed(0)} % of those that name a cause`
      return `    ${word.padEnd(8)} ${of.length}: ${count('right')} right, ${count('wrong')} wrong, ${count('unknown')} unknown; right in ${share}`
    }),
  ]
}
