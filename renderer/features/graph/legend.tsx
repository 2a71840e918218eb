import { BadgeCheck, FileText, KeyRound } from 'lucide-react'
import type { ReactNode } from 'react'
import type { TransportState } from '../../../shared/domain/model/hop-state.ts'
import { type PillSign, pillLabel } from '../../../shared/words/hop-sentences.ts'
import { transportLabel } from '../../../shared/words/states.ts'
import { startOfRow } from '../../ui/capitals.ts'
import { HopGlyph } from './canvas/hop-glyph.tsx'
import { HopLine } from './canvas/hop-line.tsx'
import { HopPill } from './canvas/hop-pill.tsx'
import { SvidRing } from './canvas/svid-ring.tsx'
import styles from './legend.module.css'
import type { LineStyle } from './looks.ts'

const transports: readonly TransportState[] = ['verified', 'one-sided', 'plaintext', 'failing', 'configured', 'unknown']
const pills: readonly (readonly [PillSign, string])[] = [
  ['denying', 'n%'],
  ['erroring', 'n%'],
  ['failing-open', ''],
  ['unguarded', ''],
  ['claimed', ''],
]

/** What lines, glyphs, pills and rings mean. Drawn with the same parts as the map, so that it cannot lie. */
export function Legend() {
  return (
    <section className={styles.legend} aria-label="Legend">
      <Block title="Hop: transport">
        {transports.map((state) => (
          <li key={state}>
            <LineSample line={state} band={false}>
              <g transform="translate(17 11)">
                <HopGlyph state={state} radius={8.5} />
              </g>
            </LineSample>
            {state === 'configured' ? 'Configured, not seen' : startOfRow(transportLabel(state))}
          </li>
        ))}
      </Block>
      <Block title="Layer and decision">
        <li>
          <LineSample line="none" band />
          Intended
        </li>
        <li>
          <LineSample line="granted" band={false} />
          Granted, unused
        </li>
        {pills.map(([state, text]) => (
          <li key={state}>
            <svg
              width={text === '' ? 24 : 46}
              height="20"
              viewBox={`0 0 ${text === '' ? 24 : 46} 20`}
              aria-hidden="true"
            >
              <g transform="translate(1 1)">
                <HopPill state={state} text={text} width={text === '' ? 20 : 44} />
              </g>
            </svg>
            {startOfRow(pillLabel(state))}
          </li>
        ))}
      </Block>
      <Block title="Workload">
        <li>
          <span className={styles.ring}>
            <SvidRing left={0.7} state="verified" />
          </span>
          SVID time left
        </li>
        <li>
          <span className={styles.ring}>
            <SvidRing left={0} state="failing" />
          </span>
          SVID expired
        </li>
        <li>
          <FileText size={14} aria-hidden="true" />
          OPA revision
        </li>
        <li>
          <KeyRound size={14} aria-hidden="true" />
          Vault leases
        </li>
        <li>
          <BadgeCheck size={14} aria-hidden="true" />
          Image
        </li>
        <li>
          <span className={styles.ring}>
            <SvidRing left={null} state="unknown" />
          </span>
          Unknown
        </li>
      </Block>
    </section>
  )
}

function Block({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div>
      <h2>{title}</h2>
      <ul>{children}</ul>
    </div>
  )
}

function LineSample({
  line,
  band,
  children,
}: {
  readonly line: LineStyle
  readonly band: boolean
  readonly children?: ReactNode
}) {
  return (
    <svg width="40" height="20" viewBox="0 0 40 22" aria-hidden="true">
      <HopLine
        path={line === 'none' ? 'M6 11H34' : 'M2 11H38'}
        look={{ line, band, glyph: null }}
        end={{ x: 39, y: 11 }}
        angle={0}
        selected={false}
      />
      {children}
    </svg>
  )
}
