import { CircleSlash, Copy, OctagonX } from 'lucide-react'
import { isPreview } from '../../../../shared/contract/environment-setup.ts'
import type { RefusedLine } from '../../../../shared/contract/logs.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock, formatMoment } from '../../../../shared/words/durations.ts'
import { partyName, reasonsOf, refusedText, whoRefused } from '../../../../shared/words/refused.ts'
import { addressOf } from '../../../ui/address-of.ts'
import { Button } from '../../../ui/atoms.tsx'
import { Breakable } from '../inspector/rows.tsx'
import styles from './refused.module.css'

/** "⊘ Policy decision": a denial is violet, what went without a decision is red; shape and words say the same. */
export function RefusedBy({ line, short = false }: { readonly line: RefusedLine; readonly short?: boolean }) {
  const refuser = whoRefused(line)
  const icon = { size: 13, 'aria-hidden': true }
  return (
    <span className={styles.by} data-by={refuser.by} title={refuser.sentence}>
      {refuser.by === 'no-decision' ? <OctagonX {...icon} /> : <CircleSlash {...icon} />}
      <span className={short ? 'visually-hidden' : undefined}>{refuser.short}</span>
    </span>
  )
}

/** Everything that is known of one refused request, whole and to be copied. */
export function RefusedFacts({
  environment,
  line,
  names,
  now,
  onCopy,
}: {
  readonly environment: string
  readonly line: RefusedLine
  readonly names: ReadonlyMap<string, string>
  readonly now: EpochMs
  readonly onCopy: (text: string) => void
}) {
  const { access, decision } = line
  const rows: readonly (readonly [string, string | null])[] = [
    ['Time', formatMoment(line.at)],
    ['Caller', line.callerSpiffeId ?? partyName(null, line.callerAddress, names)],
    ...(line.callerSpiffeId === null || line.callerAddress === null
      ? []
      : ([['From', line.callerAddress]] satisfies [string, string][])),
    ['Callee', line.calleeSpiffeId],
    ['Request', access === null ? null : `${access.method ?? '?'} ${access.path ?? '?'}`],
    ['Status', access === null ? null : `${access.status ?? 'not known'} ${access.details ?? ''}`.trim()],
    ['Rule', decision === null ? null : `${decision.path} · ${decision.revision ?? 'revision not known'}`],
    ['Decision', line.decisionId],
    ['Request id', line.requestId],
    ...(line.traceId === null ? [] : ([['Trace', line.traceId]] satisfies [string, string][])),
    ['Logs', [access?.source, decision?.source].filter((source) => source !== undefined).join(', ')],
  ]
  return (
    <div className={styles.facts}>
      <p>{whoRefused(line).sentence}</p>
      <p>
        <b>Reasons:</b> {reasonsOf(line)}
      </p>
      <dl>
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value === null ? <span className={styles.unknown}>not known</span> : <Breakable text={value} />}</dd>
          </div>
        ))}
      </dl>
      <Button
        small
        onClick={() => onCopy(refusedText(line, names))}
        aria-label={`Copy the request of ${formatClock(line.at, now)}`}
      >
        <Copy size={12} aria-hidden="true" />
        Copy
      </Button>
      <Diagnose environment={environment} line={line} />
    </div>
  )
}

/** By the address: the diagnosis is another feature, and a preview of an environment has no such screen. */
function Diagnose({ environment, line }: { readonly environment: string; readonly line: RefusedLine }) {
  const { decisionId, requestId, traceId } = line
  // A decision names one call of a request, so it comes first.
  const named = { decision: decisionId, request: requestId, trace: traceId }
  const [by = null, id = null] = Object.entries(named).find(([, value]) => value !== null) ?? []
  return id === null || isPreview(environment) ? null : (
    <a
      className={styles.diagnose}
      href={addressOf('diagnose', { env: environment, by, id })}
      data-testid="diagnose-refused"
    >
      Diagnose: why was it refused?
    </a>
  )
}

/** Keys of lines in a list: ids may be missing, and one request may be refused at several hops at once. */
export function keyOf(line: RefusedLine): string {
  return [
    line.at,
    line.requestId,
    line.decisionId,
    line.callerSpiffeId,
    line.calleeSpiffeId,
    line.access?.source,
  ].join()
}
