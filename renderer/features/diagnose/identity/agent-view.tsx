import type { IdentityAgent } from '../../../../shared/domain/diagnosis/no-identity/model.ts'
import { formatAge, formatMoment } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { basisGlyph, sourceLabel } from '../../../../shared/words/states.ts'
import parts from '../parts.module.css'
import styles from './identity.module.css'

const attested: Readonly<Record<IdentityAgent['attested'], string>> = {
  yes: '✓ attested',
  no: '✕ not attested',
  banned: '✕ banned',
  expired: '✕ its own SVID has expired',
  unknown: '? not known',
}

const inSync: Readonly<Record<IdentityAgent['inSync'], string>> = {
  yes: '✓ yes',
  no: '✕ no',
  unknown: '? not known: SPIRE does not tell when an agent last asked',
}

/** The agent that would deliver the identity, and whether it can. */
export function AgentView({ agent, now }: { readonly agent: IdentityAgent; readonly now: number }) {
  const { machine, spiffeId, svidNotAfter, reason, fact } = agent
  return (
    <section className={`${parts.panel} ${styles.candidate}`} aria-labelledby="identity-agent">
      <header>
        <h4 id="identity-agent">SPIRE agent{machine === null ? '' : ` of ${machine}`}</h4>
        {fact === null ? null : (
          <span className={styles.from} title={fact.locator}>
            {basisGlyph(fact.basis)} {sourceLabel(fact.source)} {formatAge(now - fact.observedAt)}
          </span>
        )}
      </header>
      <p className={styles.gives}>{reasonSentence(reason)}</p>
      <dl>
        <dt>SPIFFE ID</dt>
        <dd>{spiffeId === null ? 'not known' : <code>{spiffeId}</code>}</dd>
        <dt>Attested</dt>
        <dd data-state={agent.attested === 'yes' ? 'met' : agent.attested === 'unknown' ? 'unknown' : 'missing'}>
          {attested[agent.attested]}
        </dd>
        <dt>In sync</dt>
        <dd data-state={agent.inSync === 'yes' ? 'met' : agent.inSync === 'unknown' ? 'unknown' : 'missing'}>
          {inSync[agent.inSync]}
        </dd>
        <dt>Its own SVID</dt>
        <dd>{svidNotAfter === null ? 'not known' : `to ${formatMoment(svidNotAfter)}`}</dd>
      </dl>
    </section>
  )
}
