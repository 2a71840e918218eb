import type { HandshakeDiagnosis, LeafInPlaces } from '../../../../shared/domain/diagnosis/model.ts'
import type { CertificateView, Known } from '../../../../shared/domain/model/graph.ts'
import { formatAge, formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { basisGlyph, sourceLabel } from '../../../../shared/words/states.ts'
import parts from '../parts.module.css'
import { shortSentence } from '../short.ts'
import styles from './handshake.module.css'

/** The same leaf in three places: where they differ, an old certificate is served. */
export function LeafView({
  diagnosis: { client, server },
  now,
}: {
  readonly diagnosis: HandshakeDiagnosis
  readonly now: number
}) {
  const sides = [
    { role: 'Client', ...client },
    { role: 'Server', ...server },
  ]
  return (
    <section className={`${parts.panel} ${styles.leaf}`} aria-labelledby="leaf-in-places" data-testid="leaf">
      <h3 className={parts.capitals} id="leaf-in-places">
        The certificate in three places
      </h3>
      <table className={`${parts.table} ${parts.cells}`} aria-labelledby="leaf-in-places">
        <thead>
          <tr>
            <th scope="col">Of</th>
            <th scope="col">Presented to its peer</th>
            <th scope="col">Loaded by its Envoy</th>
            <th scope="col">Issued by SPIRE</th>
          </tr>
        </thead>
        <tbody>
          {sides.map(({ role, name, leaf }) => (
            <tr key={role} data-state={leaf.state}>
              <th scope="row">
                {role} <b>{name}</b>
              </th>
              <td>
                <Leaf known={leaf.presented} now={now} />
              </td>
              <td>
                <Leaf known={leaf.loaded} now={now} />
              </td>
              <td>
                <Issued known={leaf.issued} now={now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul>
        {sides.map(({ role, leaf }) => (
          <li key={role} data-state={leaf.state}>
            <span aria-hidden="true">{glyphs[leaf.state]} </span>
            {role}: {shortSentence(reasonSentence(leaf.reason), now)}
          </li>
        ))}
      </ul>
    </section>
  )
}

const glyphs: Readonly<Record<LeafInPlaces['state'], string>> = { fine: '✓', wrong: '✕', unknown: '?' }

function Leaf({ known, now }: { readonly known: Known<CertificateView>; readonly now: number }) {
  if (!known.known) return <NotKnown known={known} />
  const { serial, notAfter } = known.value
  return (
    <>
      {serial === null ? 'no serial given' : <code title={serial}>{shortSerial(serial)}</code>}
      {notAfter === null ? null : (
        <span>{notAfter <= now ? `✕ expired ${formatClock(notAfter, now)}` : `to ${formatClock(notAfter, now)}`}</span>
      )}
      <Provenance known={known} now={now} />
    </>
  )
}

function Issued({ known, now }: { readonly known: LeafInPlaces['issued']; readonly now: number }) {
  if (!known.known) return <NotKnown known={known} />
  const { entryId, ttlSeconds, renewsBy } = known.value
  return (
    <>
      entry <code title={entryId}>{entryId.length > 12 ? `${entryId.slice(0, 8)}…` : entryId}</code>
      {ttlSeconds === null ? null : <span>for {formatDuration(ttlSeconds * 1000)}</span>}
      {renewsBy === null ? null : (
        <span>
          {renewsBy <= now
            ? `a newer one was due ${formatClock(renewsBy, now)}`
            : `the next by ${formatClock(renewsBy, now)}`}
        </span>
      )}
      <Provenance known={known} now={now} />
    </>
  )
}

function NotKnown({ known: { reason } }: { readonly known: Extract<Known<unknown>, { known: false }> }) {
  return <span>? {reasonSentence(reason)}</span>
}

function Provenance({
  known,
  now,
}: {
  readonly known: Extract<Known<unknown>, { known: true }>
  readonly now: number
}) {
  const { fact, stale } = known
  return (
    <small title={fact.locator}>
      {basisGlyph(fact.basis)} {sourceLabel(fact.source)} {formatAge(now - fact.observedAt)}
      {stale ? ', last known' : ''}
    </small>
  )
}

/** Pairs, shortened in the middle. */
function shortSerial(hex: string): string {
  const pairs = hex.match(/.{1,2}/g) ?? []
  return pairs.length > 6 ? `${pairs.slice(0, 3).join(':')}:…:${pairs.at(-1) ?? ''}` : pairs.join(':')
}
