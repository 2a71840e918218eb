import { Crosshair, X, Zap } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { PlaygroundFaultSummary, PlaygroundLook } from '../../../shared/contract/playground.ts'
import { faultKinds } from '../../../shared/faults/fault.ts'
import { faultKindTitles } from '../../../shared/words/playground.ts'
import { useMoment } from '../../api/moment.tsx'
import { usePlayground, usePlaygroundCommands, usePlaygroundFaults } from '../../api/playground.ts'
import { Button, Tag } from '../../ui/atoms.tsx'
import styles from './playground.module.css'

/** Every way to break the playground, by how it is met; one at a time. */
export function FaultsPanel({
  onClose,
  onLook,
}: {
  readonly onClose: () => void
  /** Shows on the graph where a fault is met. */
  readonly onLook: (look: PlaygroundLook) => void
}) {
  const state = usePlayground()
  const faults = usePlaygroundFaults()
  const { busy, failure, inject, heal } = usePlaygroundCommands()
  const { whyOff } = useMoment()
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => title.current?.focus(), [])
  const active = state?.phase === 'running' ? (state.active?.fault ?? null) : null
  const isChanging = whyOff !== null || busy || state?.phase !== 'running' || state.changing
  return (
    <section
      className={styles.panel}
      aria-labelledby="faults-panel"
      data-testid="faults-panel"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        // Here it closes the panel; on the graph it would take the selection back.
        event.stopPropagation()
        onClose()
      }}
    >
      <header className={styles.panelHead}>
        <h2 id="faults-panel" ref={title} tabIndex={-1}>
          Break something
        </h2>
        <span className={styles.grow} />
        <Button small iconOnly aria-label="Close the list of faults" onClick={onClose}>
          <X size={14} aria-hidden="true" />
        </Button>
      </header>
      <p className={styles.quiet}>
        Each fault is really made, on the sockets and in the sources of the playground. One at a time: the next heals
        the one before.
      </p>
      <p className={styles.said} role="status" data-testid="faults-said">
        {whyOff !== null ? `${whyOff}.` : isChanging && state?.phase === 'running' ? 'Being changed…' : ''}
      </p>
      {failure === null ? null : (
        <p className={styles.problem} role="alert">
          {failure}
        </p>
      )}
      {faultKinds.map((kind) => {
        const ofKind = faults.filter((fault) => fault.kind === kind)
        if (ofKind.length === 0) return null
        return (
          <section key={kind} aria-labelledby={`faults-${kind}`} data-testid={`faults-${kind}`}>
            <h3 id={`faults-${kind}`} className={styles.capitals}>
              {faultKindTitles[kind]}
            </h3>
            <ul>
              {ofKind.map((fault) => (
                <FaultRow
                  key={fault.id}
                  fault={fault}
                  isActive={fault.id === active}
                  isChanging={isChanging}
                  onInject={() => void inject(fault.id)}
                  onHeal={() => void heal()}
                  onLook={onLook}
                />
              ))}
            </ul>
          </section>
        )
      })}
    </section>
  )
}

function FaultRow({
  fault,
  isActive,
  isChanging,
  onInject,
  onHeal,
  onLook,
}: {
  readonly fault: PlaygroundFaultSummary
  readonly isActive: boolean
  readonly isChanging: boolean
  readonly onInject: () => void
  readonly onHeal: () => void
  readonly onLook: (look: PlaygroundLook) => void
}) {
  const { id, title, words, lookFor, notHere, look } = fault
  return (
    <li className={styles.fault} data-active={isActive} data-testid={`fault-${id}`}>
      <div className={styles.faultHead}>
        <h4>{title}</h4>
        {isActive ? (
          <Tag tone="fail" icon={<Zap size={12} aria-hidden="true" />}>
            Broken now
          </Tag>
        ) : null}
        <span className={styles.grow} />
        {isActive ? (
          <Button small disabled={isChanging} onClick={onHeal} aria-label={`Heal: ${title}`}>
            Heal
          </Button>
        ) : notHere === null ? (
          <Button small disabled={isChanging} onClick={onInject} aria-label={`Inject: ${title}`}>
            Inject
          </Button>
        ) : null}
      </div>
      <p>{words}</p>
      {notHere === null ? (
        <p className={styles.quiet}>
          <b>Look for:</b> {lookFor}
        </p>
      ) : (
        <p className={styles.quiet}>
          <b>Not in the playground:</b> {notHere}
        </p>
      )}
      {isActive && look !== null ? (
        <div>
          <Button small onClick={() => onLook(look)} aria-label={`Show on the graph: ${title}`}>
            <Crosshair size={12} aria-hidden="true" /> Show on the graph
          </Button>
        </div>
      ) : null}
    </li>
  )
}
