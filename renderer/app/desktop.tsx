import { Plug, RotateCw } from 'lucide-react'
import { type ReactNode, useEffect, useSyncExternalStore } from 'react'
import type { PageCommand } from '../../shared/desktop.ts'
import {
  manyFailures,
  noConnectionSentence,
  noConnectionTitle,
  serviceEndedSentence,
  serviceEndedTitle,
} from '../../shared/words/desktop.ts'
import type { DesktopDoor } from '../api/desktop-client.ts'
import { App } from './app.tsx'
import styles from './desktop.module.css'
import { askForScreen } from './use-menu-screens.ts'

/** The window of the desktop app: the same page, and above it what only the desktop can say of its own service. */
export function DesktopApp({ door }: { readonly door: DesktopDoor }) {
  useEffect(() => door.onCommand(obey), [door])
  return (
    <>
      <ServiceNotice door={door} />
      <App client={door.client} />
    </>
  )
}

function ServiceNotice({ door }: { readonly door: DesktopDoor }) {
  const status = useSyncExternalStore(door.subscribe, door.status)
  if (status.kind === 'unconnected') {
    return (
      <Notice tone="fail" title={noConnectionTitle} icon={<Plug size={16} aria-hidden="true" />}>
        {noConnectionSentence}
      </Notice>
    )
  }
  if (status.kind !== 'stopped') return null
  return (
    <Notice
      tone={status.failures < manyFailures ? 'unknown' : 'fail'}
      title={serviceEndedTitle(status)}
      icon={<RotateCw size={16} aria-hidden="true" />}
    >
      {serviceEndedSentence(status)}
      {status.lastWords === '' ? null : <code>{status.lastWords}</code>}
    </Notice>
  )
}

function Notice({
  tone,
  title,
  icon,
  children,
}: {
  readonly tone: 'unknown' | 'fail'
  readonly title: string
  readonly icon: ReactNode
  readonly children: ReactNode
}) {
  return (
    <aside className={styles.notice} data-tone={tone} data-testid="service-notice" role="alert">
      {icon}
      <p>
        <b>{title}.</b> {children}
      </p>
    </aside>
  )
}

/** All of it is the frame's, which knows what is looked at. */
function obey(command: PageCommand): void {
  if (command === 'search' || command === 'settings' || command === 'help') {
    window.dispatchEvent(new CustomEvent(`everyhop:${command}`))
  } else askForScreen(command)
}
