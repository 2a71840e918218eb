import { Ban, CircleCheck, CircleHelp } from 'lucide-react'
import styles from './handshake.module.css'
import type { Wire, WireStep } from './wire.ts'

const stateWords: Readonly<Record<WireStep['state'], string>> = {
  follows: 'follows from what came after',
  wrong: 'here it breaks',
  unknown: 'not known',
  'not-reached': 'not reached',
}

/** The messages between both sides, from top to bottom: lines by who sends, dotted where nothing tells, and said in words too. */
export function WireView({ wire }: { readonly wire: Wire }) {
  return (
    <div className={styles.wire}>
      <ol aria-label="Messages of the handshake">
        {wire.steps.map((step, at) => (
          <li key={`${at + 1} ${step.text}`} data-kind={step.kind} data-by={step.by} data-state={step.state}>
            {step.kind === 'check' ? (
              <span className={styles.check}>
                <CheckGlyph state={step.state} />
                {step.text}
              </span>
            ) : (
              <>
                <span className={styles.message}>{step.text}</span>
                <span className={styles.arrow} aria-hidden="true" />
                <span className="visually-hidden">
                  , from the {step.by}, {stateWords[step.state]}
                </span>
              </>
            )}
          </li>
        ))}
      </ol>
      <p>{wire.note}</p>
    </div>
  )
}

function CheckGlyph({ state }: { readonly state: WireStep['state'] }) {
  const Glyph = state === 'wrong' ? Ban : state === 'unknown' ? CircleHelp : CircleCheck
  return <Glyph size={14} aria-hidden="true" />
}
