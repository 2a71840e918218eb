import {
  AppWindow,
  ArrowLeftRight,
  FileText,
  Filter,
  Gavel,
  IdCard,
  Lock,
  type LucideIcon,
  Network,
  Server,
} from 'lucide-react'
import { useId, useState } from 'react'
import type { ChainLink, RequestDiagnosis, RequestLinkKind } from '../../../shared/domain/diagnosis/model.ts'
import { linkLabels, linkStateLabels } from '../../../shared/words/diagnosis.ts'
import { reasonSentence } from '../../../shared/words/reasons.ts'
import { useNow } from '../../api/clock.tsx'
import { EvidenceList, EvidenceMark } from './evidence.tsx'
import { type RefusalTone, toneOfCause } from './looks.ts'
import styles from './request-chain.module.css'
import { RuleLines } from './rule-lines.tsx'
import { ToneGlyph } from './tone-glyph.tsx'

const icons: Readonly<Record<RequestLinkKind, LucideIcon>> = {
  network: Network,
  'tls-client': Lock,
  'tls-server': Lock,
  rbac: Filter,
  'ext-authz': ArrowLeftRight,
  decision: IdCard,
  'bundle-revision': FileText,
  rule: Gavel,
  upstream: Server,
  application: AppWindow,
}

/** From caller to callee, every step with what tells of it; the first that broke is marked by shape, words and colour. */
export function RequestChain({
  diagnosis,
  names,
  environment,
}: {
  readonly diagnosis: RequestDiagnosis
  readonly names: ReadonlyMap<string, string>
  readonly environment: string | null
}) {
  const { chain, firstBroken, verdict } = diagnosis
  const tone = toneOfCause(verdict.cause)
  return (
    <ol className={styles.chain} aria-label="From caller to callee" data-testid="request-chain">
      {chain.map((link, index) => (
        <Link
          key={link.kind}
          link={link}
          isFirstBroken={index === firstBroken}
          isBehind={firstBroken !== null && index > firstBroken}
          tone={tone}
          names={names}
          environment={environment}
          decisionId={diagnosis.subject.decisionId}
        />
      ))}
    </ol>
  )
}

function Link({
  link,
  isFirstBroken,
  isBehind,
  tone,
  names,
  environment,
  decisionId,
}: {
  readonly link: ChainLink
  readonly isFirstBroken: boolean
  readonly isBehind: boolean
  readonly tone: RefusalTone
  readonly names: ReadonlyMap<string, string>
  readonly environment: string | null
  readonly decisionId: string | null
}) {
  const { kind, state, reason, evidence, rule } = link
  const now = useNow(10_000)
  const [isOpen, setOpen] = useState(isFirstBroken)
  const id = useId()
  const Icon = icons[kind]
  const of = placeOf(link, names)
  return (
    <li
      className={styles.step}
      data-state={state}
      data-tone={tone}
      data-behind={isBehind}
      data-testid={`link-${kind}`}
      aria-current={isFirstBroken ? 'step' : undefined}
    >
      <span className={styles.icon}>
        {state === 'broken' ? (
          <ToneGlyph tone={tone === 'info' ? 'fail' : tone} size={14} />
        ) : state === 'unknown' ? (
          <ToneGlyph tone="unknown" size={14} />
        ) : (
          <Icon size={14} aria-hidden="true" />
        )}
      </span>
      <span className={styles.title}>
        <b>{linkLabels[kind]}</b>
        <small>
          <span data-state={state}>
            {state === 'broken' && tone === 'deny' ? 'denied here' : linkStateLabels[state]}
          </span>
          {of === '' ? '' : ` · ${of}`}
        </small>
      </span>
      <p className={styles.body}>{reasonSentence(reason)}</p>
      {evidence.length === 0 ? (
        <span />
      ) : (
        <button
          type="button"
          className={styles.mark}
          aria-expanded={isOpen}
          aria-controls={isOpen ? id : undefined}
          onClick={() => setOpen(!isOpen)}
        >
          <EvidenceMark evidence={evidence} now={now} />
        </button>
      )}
      {rule === null && !isOpen ? null : (
        <div className={styles.proof}>
          {rule === null ? null : (
            <RuleLines rule={rule} environment={environment} decisionId={decisionId} tone={tone} />
          )}
          {isOpen ? <EvidenceList id={id} evidence={evidence} now={now} /> : null}
        </div>
      )}
    </li>
  )
}

/** The hop, or the workload: as on the graph. */
function placeOf({ hop, workload, kind }: ChainLink, names: ReadonlyMap<string, string>): string {
  const ends = hop?.startsWith('hop/') === true ? hop.slice('hop/'.length).split('>') : []
  const [from, to] = ends.map((id) => names.get(id))
  const isOfHop = kind === 'network' || kind === 'tls-client' || kind === 'tls-server'
  if (isOfHop && from !== undefined && to !== undefined) return `${from} → ${to}`
  return workload === null ? '' : (names.get(workload) ?? '')
}
