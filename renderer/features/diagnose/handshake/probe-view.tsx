import { Radar } from 'lucide-react'
import type { HandshakeProbe } from '../../../../shared/domain/diagnosis/handshake/probe.ts'
import { handshakeRowLabels } from '../../../../shared/words/diagnosis.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { useChangeMode } from '../../../api/changes.ts'
import { useLiveNow } from '../../../api/clock.tsx'
import { useProbe } from '../../../api/handshakes.ts'
import { useMoment } from '../../../api/moment.tsx'
import { Button } from '../../../ui/atoms.tsx'
import { AsideSection } from '../aside-parts.tsx'
import parts from '../parts.module.css'
import { shortSentence } from '../short.ts'
import styles from './handshake.module.css'

/** A live handshake, only when somebody asks for it: it is the one thing here that connects to the pipeline. */
export function ProbeSection({
  environment,
  from,
  to,
  server,
}: {
  readonly environment: string
  readonly from: string
  readonly to: string
  readonly server: string
}) {
  const mode = useChangeMode(environment)
  const { probe, busy, failure, ask } = useProbe(environment, from, to)
  const now = useLiveNow(1000)
  const { whyOff } = useMoment()
  const isOn = whyOff === null && (mode.data?.until ?? 0) > now
  return (
    <AsideSection title="Live probe">
      <p className={parts.prose}>
        Connects to {server} and begins one TLS handshake. Sends no application data, ends after 5 s at most, and is
        written to the journal.
      </p>
      <div className={styles.gap}>
        <Button
          disabled={!isOn || busy}
          aria-describedby={isOn ? undefined : 'why-no-probe'}
          onClick={() => void ask()}
          data-testid="probe"
        >
          <Radar size={14} aria-hidden="true" />
          {busy ? 'Probing…' : `Probe ${server}`}
        </Button>
      </div>
      {isOn ? null : (
        <p id="why-no-probe" className={parts.quiet} data-testid="why-no-probe">
          {whyOff === null
            ? 'This environment is read-only. Turn on change mode in the menu of the environment to probe.'
            : `A probe asks the server of now. ${whyOff}.`}
        </p>
      )}
      {failure === null ? null : (
        <p role="alert" className={`${parts.prose} ${styles.alert}`}>
          {failure}
        </p>
      )}
      {probe === null ? null : <Probed probe={probe} now={now} />}
    </AsideSection>
  )
}

const glyphs = { fine: '✓', wrong: '✕', unknown: '?' } as const

function Probed({ probe, now }: { readonly probe: HandshakeProbe; readonly now: number }) {
  const { at, tookMs, target, presentedAs, reason, literal, versions, chain, findings, cipher } = probe
  const [leaf] = chain
  return (
    <div className={`${parts.prose} ${styles.probed}`} role="status" data-testid="probed">
      <p>
        <b>{reasonSentence(reason)}</b>
      </p>
      <p className={parts.quiet}>
        {formatClock(at, now)}, {tookMs} ms · {target} ·{' '}
        {presentedAs === null ? 'without a client certificate' : `as ${presentedAs}`}
      </p>
      {literal === null ? null : <code className={styles.literal}>{literal}</code>}
      <ul>
        {findings.map(({ state, row, reason: found }) => (
          <li key={`${row} ${reasonSentence(found)}`} data-state={state}>
            <span aria-hidden="true">{glyphs[state]} </span>
            {row === 'leaf' ? 'Certificate' : handshakeRowLabels[row]}: {shortSentence(reasonSentence(found), now)}
          </li>
        ))}
        {versions.map(({ version, isSpoken }) => (
          <li key={version} data-state={isSpoken === null ? 'unknown' : 'fine'}>
            <span aria-hidden="true">{isSpoken === null ? '?' : isSpoken ? '✓' : '–'} </span>
            {version}: {isSpoken === null ? 'not known' : isSpoken ? 'spoken' : 'not spoken'}
          </li>
        ))}
      </ul>
      <p className={parts.quiet}>
        {leaf === undefined
          ? 'No certificate was seen.'
          : `Presented: ${leaf.spiffeId ?? 'a certificate without a SPIFFE ID'}, serial ${leaf.serial ?? 'none'}, ${chain.length} in the chain.`}
        {cipher === null ? '' : ` Cipher ${cipher}.`}
      </p>
    </div>
  )
}
