import { CircleHelp, Copy, Share2 } from 'lucide-react'
import type { NoIdentityDiagnosis } from '../../../../shared/domain/diagnosis/no-identity/model.ts'
import { formatMoment } from '../../../../shared/words/durations.ts'
import { identityNote } from '../../../../shared/words/identity-note.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { useNow } from '../../../api/clock.tsx'
import { useNoIdentity } from '../../../api/handshakes.ts'
import { Button, Plate } from '../../../ui/atoms.tsx'
import { AsideSection, Command, NextSteps, OpenList, RuledOutList } from '../aside-parts.tsx'
import frame from '../diagnose.module.css'
import type { DiagnoseProps } from '../diagnose-props.ts'
import { graphLink, linkTo } from '../links.ts'
import type { VerdictTone } from '../looks.ts'
import { NotYetColumns } from '../not-yet.tsx'
import parts from '../parts.module.css'
import { VerdictCard } from '../verdict-card.tsx'
import { AgentView } from './agent-view.tsx'
import { CandidateView } from './candidate-view.tsx'
import styles from './identity.module.css'

/** The middle and the right column of the tab Identities. */
export function IdentitiesView(props: DiagnoseProps) {
  const { workload } = props.address
  if (workload !== undefined) return <OneIdentity key={workload} {...props} workload={workload} />
  return (
    <>
      <section className={frame.middle} aria-label="Identity">
        <Plate tone="info" icon={<CircleHelp size={20} aria-hidden="true" />} title="Why has a workload no identity?">
          <p>
            Choose a workload at the left, or name one. Everyhop compares its pod with every ClusterSPIFFEID and every
            registration entry that it can read, and asks no server anything for it.
          </p>
        </Plate>
      </section>
      <aside className={frame.side} aria-label="What to do" />
    </>
  )
}

function OneIdentity({ environment, workload, onCopy }: DiagnoseProps & { readonly workload: string }) {
  const { data: diagnosis, error, refetch } = useNoIdentity(environment, workload)
  const now = useNow(1000)
  if (diagnosis === undefined) {
    return (
      <NotYetColumns
        middle="Identity"
        side="What to do"
        looking="Comparing it with what registers workloads"
        failed="This workload cannot be looked at"
        error={error}
        onRetry={() => void refetch()}
      />
    )
  }
  const { subject, verdict, candidates, agent, correction, ruledOut, open, next } = diagnosis
  return (
    <>
      <section className={frame.middle} aria-label="Identity" tabIndex={0} data-testid="identity">
        <header className={parts.heading}>
          <h2>{subject.name}</h2>
          {subject.workload === null ? null : (
            <a href={graphLink(environment, subject.workload)}>
              <Share2 size={14} aria-hidden="true" /> Show on the graph
            </a>
          )}
          <Button small onClick={() => onCopy(identityNote(diagnosis, now))} data-copy data-testid="copy-note">
            <Copy size={12} aria-hidden="true" />
            Copy as incident note
          </Button>
        </header>
        <VerdictCard verdict={verdict} tone={toneOf(diagnosis)} now={now}>
          {whereWords(diagnosis)}
        </VerdictCard>
        <h3 className={`${parts.capitals} ${styles.title}`}>What comes near to giving it an identity</h3>
        {candidates.length === 0 ? (
          <p className={styles.none}>
            No ClusterSPIFFEID, ClusterStaticEntry or registration entry that was read comes near it.
          </p>
        ) : (
          candidates.map((candidate) => (
            <CandidateView key={`${candidate.kind} ${candidate.name}`} candidate={candidate} now={now} />
          ))
        )}
        <AgentView agent={agent} now={now} />
      </section>
      <aside className={frame.side} aria-label="What to do" tabIndex={0}>
        {correction === null ? null : (
          <AsideSection
            title={correction.kind === 'manifest' ? 'A manifest that would fit' : 'An entry that would fit'}
          >
            <p className={parts.prose}>{reasonSentence(correction.reason)}</p>
            <Command
              text={correction.text}
              label={correction.kind === 'manifest' ? 'Copy manifest' : 'Copy command'}
              onCopy={onCopy}
            />
            <p className={parts.quiet}>Everyhop applies nothing: hand it to whoever may apply it.</p>
          </AsideSection>
        )}
        <AsideSection title="What to do">
          <NextSteps next={next} linkOf={(place) => linkTo(environment, place)} onCopy={onCopy} />
        </AsideSection>
        <AsideSection title="Ruled out">
          <RuledOutList ruledOut={ruledOut} />
        </AsideSection>
        <AsideSection title="Still open">
          <OpenList open={open} />
        </AsideSection>
      </aside>
    </>
  )
}

function toneOf({ verdict: { cause } }: NoIdentityDiagnosis): VerdictTone {
  return cause === 'unknown' ? 'unknown' : cause === 'has-identity' ? 'ok' : 'warn'
}

/** "Pod ai/input-sanitiser-…, service account input-sanitiser, on node-a · should be spiffe://… · holds no SVID" */
function whereWords({ subject: { pod, pods, spiffeId, holds } }: NoIdentityDiagnosis): string {
  const where =
    pod === null
      ? 'No pod of it is known'
      : `Pod ${pod.namespace}/${pod.name}${pods > 1 ? `, the newest of ${pods}` : ''}, service account ${pod.serviceAccount}${pod.machine === null ? '' : `, on ${pod.machine}`}`
  const meant = spiffeId === null ? 'which SPIFFE ID it should have is not said' : `should be ${spiffeId}`
  const held = holds.known
    ? `its Envoy holds ${holds.value.spiffeId ?? 'a certificate'}${holds.value.notAfter === null ? '' : ` to ${formatMoment(holds.value.notAfter)}`}`
    : `what its Envoy holds: ${reasonSentence(holds.reason)}`
  return [where, meant, held].join(' · ')
}
