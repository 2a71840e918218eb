import { Fragment, useId, useState } from 'react'
import type { HandshakeRow, HandshakeSide } from '../../../../shared/domain/diagnosis/model.ts'
import { handshakeRowLabels, handshakeRowStates } from '../../../../shared/words/diagnosis.ts'
import { formatAge, formatClock } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { basisGlyph, sourceLabel } from '../../../../shared/words/states.ts'
import parts from '../parts.module.css'
import { shortIdentity, shortSentence } from '../short.ts'
import { EvidenceLines } from './evidence-line.tsx'
import styles from './handshake.module.css'

const glyphs: Readonly<Record<HandshakeRow['state'], string>> = {
  fine: '✓',
  wrong: '✕',
  unknown: '?',
  'not-reached': '–',
}

/** What one side has and sees, row by row, and on demand where each was read. */
export function SideCard({
  role,
  side,
  now,
}: {
  readonly role: 'Client' | 'Server'
  readonly side: HandshakeSide
  readonly now: number
}) {
  const [asked, setAsked] = useState(false)
  const heading = useId()
  return (
    <section
      className={`${parts.panel} ${styles.card}`}
      aria-labelledby={heading}
      data-testid={`side-${role.toLowerCase()}`}
    >
      <header>
        <h3 id={heading}>
          {role} <span>{side.name}</span>
        </h3>
        <Provenance side={side} now={now} asked={asked} onAsk={() => setAsked((before) => !before)} />
      </header>
      <table className={parts.table} aria-labelledby={heading}>
        <tbody>
          {side.rows.map((row) => (
            <tr key={row.row} data-state={row.state}>
              <th scope="row">{handshakeRowLabels[row.row]}</th>
              <td className={styles.glyph} title={handshakeRowStates[row.state]}>
                <span aria-hidden="true">{glyphs[row.state]}</span>
                <span className="visually-hidden">{handshakeRowStates[row.state]}</span>
              </td>
              <td>
                <RowText row={row} now={now} />
                {asked && row.evidence.length > 0 ? <EvidenceLines evidence={row.evidence} now={now} /> : null}
              </td>
            </tr>
          ))}
          <Says side={side} now={now} />
        </tbody>
      </table>
    </section>
  )
}

/** In few words; whole in the title. */
function RowText({ row, now }: { readonly row: HandshakeRow; readonly now: number }) {
  const whole = reasonSentence(row.reason)
  const isIdentity = identifiers.has(row.row) && row.state !== 'unknown'
  const text = isIdentity ? shortIdentity(whole) : shortSentence(whole, now)
  return (
    <span className={isIdentity ? styles.identifier : undefined} title={text === whole ? undefined : whole}>
      {text}
    </span>
  )
}

const identifiers: ReadonlySet<HandshakeRow['row']> = new Set(['spiffe-id', 'requires-peer'])

/** Over the whole width: what Envoy writes is long. */
function Says({ side: { says }, now }: { readonly side: HandshakeSide; readonly now: number }) {
  return (
    <>
      <tr data-state={says === null ? 'unknown' : 'says'}>
        <th scope="rowgroup" colSpan={3}>
          {handshakeRowLabels.says}
        </th>
      </tr>
      <tr className={styles.says} data-state={says === null ? 'unknown' : 'says'}>
        <td colSpan={3}>
          {says === null ? (
            'No error of it is held.'
          ) : (
            <>
              <Literal text={says.literal} />
              <span className={styles.decoded}>
                {reasonSentence(says.decoded)} · logged {formatClock(says.at, now)}
              </span>
            </>
          )}
        </td>
      </tr>
    </>
  )
}

/** As the source has it; it may break where BoringSSL joins words. */
function Literal({ text }: { readonly text: string }) {
  return (
    <code className={styles.literal}>
      {text.split(/(?<=[:|_])/).map((part, at) => (
        <Fragment key={`${at + 1} ${part}`}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </code>
  )
}

/** By what the side is known, and how old the newest of it is. Opens where each row was read. */
function Provenance({
  side,
  now,
  asked,
  onAsk,
}: {
  readonly side: HandshakeSide
  readonly now: number
  readonly asked: boolean
  readonly onAsk: () => void
}) {
  const facts = side.rows.flatMap(({ evidence }) =>
    evidence.flatMap(({ from }) => (from.kind === 'fact' ? [from.fact] : [])),
  )
  const [first] = facts
  if (first === undefined) return <span className={parts.quiet}>? nothing read</span>
  const sources = [...new Set(facts.map(({ source }) => sourceLabel(source)))].join(', ')
  const newest = Math.max(...facts.map(({ observedAt }) => observedAt))
  return (
    <button type="button" className={styles.provenance} aria-expanded={asked} onClick={onAsk}>
      <span aria-hidden="true">{basisGlyph(first.basis)}</span> {sources} <b>{formatAge(now - newest)}</b>
      <span className="visually-hidden"> ago. Where each row was read</span>
    </button>
  )
}
