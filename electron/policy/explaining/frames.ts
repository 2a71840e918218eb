import type { Expression, RuleHead, TraceEvent } from './trace-events.ts'

/** One evaluation of a body: of a rule, or of a `not`, `every` or comprehension within one. */
export interface Frame {
  readonly id: number
  readonly parent: number
  readonly file: string
  readonly row: number
  /** null: a body within a rule. */
  readonly rule: RuleHead | null
  /** Path of the rule with its package, `pipeline/authz/calls`; empty for a body. */
  readonly path: string
  /** Place in the trace. */
  readonly enteredAt: number
  /** It held at least once. */
  hasExited: boolean
  /** Variables when it held. */
  exitLocals: ReadonlyMap<string, unknown>
  /** By place in the body; a body stops at the first that fails, so that the last is how far it got. */
  readonly steps: Map<number, Step>
}

export interface Step {
  readonly expression: Expression
  readonly file: string
  readonly row: number
  readonly at: number
  /** It failed each time it was reached, or once: with the variables of the first time. */
  hasFailed: boolean
  locals: ReadonlyMap<string, unknown>
  names: ReadonlyMap<string, string>
}

export interface Frames {
  readonly all: ReadonlyMap<number, Frame>
  readonly byPath: ReadonlyMap<string, readonly Frame[]>
}

/** `packages`: path of the package of each file, `pipeline/authz`. */
export function framesOf(events: readonly TraceEvent[], packages: ReadonlyMap<string, string>): Frames {
  const all = new Map<number, Frame>()
  for (const [at, event] of events.entries()) {
    const { op, query, parent, file, row, rule } = event
    const known = all.get(query)
    if (op === 'Enter' && known === undefined) {
      const path = rule === null ? '' : [packages.get(file) ?? '', ...rule.path].filter((part) => part !== '').join('/')
      all.set(query, {
        id: query,
        parent,
        file,
        row,
        rule,
        path,
        enteredAt: at,
        hasExited: false,
        exitLocals: new Map(),
        steps: new Map(),
      })
    } else if (known !== undefined && op === 'Exit') {
      known.hasExited = true
      known.exitLocals = event.locals
    } else if (known !== undefined) note(known, event, at)
  }
  const byPath = new Map<string, Frame[]>()
  for (const frame of all.values()) {
    if (frame.path !== '') byPath.set(frame.path, [...(byPath.get(frame.path) ?? []), frame])
  }
  return { all, byPath }
}

function note(frame: Frame, { op, expression, locals, names, file, row }: TraceEvent, at: number): void {
  if (expression === null) return
  const step = frame.steps.get(expression.index)
  if (step === undefined) {
    frame.steps.set(expression.index, { expression, file, row, at, hasFailed: op === 'Fail', locals, names })
  } else if (op === 'Fail' && !step.hasFailed) {
    step.hasFailed = true
    step.locals = locals
    step.names = names
  }
}

/** The last that was reached: of a body that never held it is the one that failed. */
export function furthestStep(frame: Frame): Step | null {
  return stepsOf(frame).at(-1) ?? null
}

export function stepsOf(frame: Frame): readonly Step[] {
  return [...frame.steps].toSorted(([one], [other]) => one - other).map(([, step]) => step)
}

/** How many lines of it held: what the compiler makes of one line counts once. */
export function progressOf(frame: Frame): number {
  const last = furthestStep(frame)
  if (last === null) return 0
  const rows = new Set(stepsOf(frame).flatMap(({ row }) => (row < last.row || row > last.row ? [row] : [])))
  return rows.size
}

/** Package of each Rego file, as a path. */
export function packagesOf(files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [file, text] of files) {
    const written = /^[ \t]*package[ \t]+([^\s#]+)/m.exec(text)?.[1]
    const members = written?.match(/[A-Za-z_]\w*|\["[^"\\]+"\]/g) ?? []
    found.set(file, members.map((each) => (each.startsWith('[') ? each.slice(2, -2) : each)).join('/'))
  }
  return found
}
