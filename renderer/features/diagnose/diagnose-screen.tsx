import { BookOpen, Link2 } from 'lucide-react'
import { lazy, type ReactNode, Suspense, useRef, useState } from 'react'
import { addressOf } from '../../ui/address-of.ts'
import { Button } from '../../ui/atoms.tsx'
import bar from '../../ui/bar.module.css'
import type { DiagnoseAddress, DiagnoseTab, RunbookAddress } from './address.ts'
import styles from './diagnose.module.css'
import type { RequestProps } from './diagnose-props.ts'
import { OtherStatus, RequestStatus } from './diagnose-status.tsx'
import { DiagnoseTabs } from './diagnose-tabs.tsx'
import { HandshakeList } from './handshake/handshake-list.tsx'
import { HandshakeView } from './handshake/handshake-view.tsx'
import { IdentitiesList } from './identity/identities-list.tsx'
import { IdentitiesView } from './identity/identities-view.tsx'
import { isDesktopAddress } from './pasted-address.ts'
import { RefusalsList } from './refusals-list.tsx'
import { RequestLookup } from './request-lookup.tsx'
import { RequestView } from './request-view.tsx'
import { RunbookAddresses } from './runbook/runbook-links.tsx'
import { useSingleKeys } from './use-single-keys.ts'

const RunbookDialog = lazy(() => import('./runbook/runbook-dialog.tsx'))

const questions: Readonly<Record<DiagnoseTab, string>> = {
  refused: 'Why was this refused?',
  handshakes: 'Which side of this handshake is wrong?',
  identities: 'Why has this workload no identity?',
}

interface ScreenProps {
  /** Null: none is connected. A pasted line can be diagnosed all the same. */
  readonly environment: string | null
  readonly address: DiagnoseAddress
  readonly go: (address: DiagnoseAddress) => void
  readonly singleKeys: boolean
}

/** Verdict first, proof below, fix beside: of refused requests, handshakes and identities. */
export function DiagnoseScreen(props: ScreenProps) {
  const { environment, address, singleKeys } = props
  const screen = useRef<HTMLElement>(null)
  const [said, setSaid] = useState('')
  const [line, setLine] = useState<string | null>(null)
  const [minutes, setMinutes] = useState(15)
  const press = (selector: string) => screen.current?.querySelector<HTMLElement>(selector)?.click()
  useSingleKeys(singleKeys, {
    '/': () => screen.current?.querySelector<HTMLElement>('form[role="search"] input')?.focus(),
    y: () => press('[data-copy]'),
    o: () => press('[data-open]'),
  })
  const onCopy = (text: string) => {
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied.'),
      () => setSaid('The clipboard cannot be written here.'),
    )
  }
  const go = (next: DiagnoseAddress) => {
    setSaid('')
    props.go(next)
  }
  const tab = environment === null ? 'refused' : (address.tab ?? 'refused')
  const request: RequestProps = { environment, address, go, singleKeys, onCopy, line }
  const tabs = environment === null ? null : <DiagnoseTabs address={address} go={go} />
  const addressOfRunbook = (runbook: RunbookAddress) => addressOf('diagnose', { ...textsOf(address), runbook })
  return (
    <RunbookAddresses value={addressOfRunbook}>
      <main className={styles.screen} aria-label="Diagnose" ref={screen}>
        <header className={`${bar.bar} ${styles.bar}`}>
          <h1>Diagnose</h1>
          <span className={styles.question}>{questions[tab]}</span>
          <span className={styles.grow} />
          <a className={styles.runbooks} href={addressOfRunbook('index')} data-testid="runbooks">
            <BookOpen size={14} aria-hidden="true" />
            Runbooks
          </a>
          <CopyAddress onCopy={onCopy} />
        </header>
        <div className={styles.columns}>
          {environment === null || tab === 'refused' ? (
            <>
              <div className={styles.list}>
                <RequestLookup
                  hasEnvironment={environment !== null}
                  initial={address.id ?? ''}
                  onNamed={(named) => {
                    setLine(named.by === 'line' ? named.line : null)
                    const id = named.by === 'line' ? undefined : named.id
                    go({ ...address, tab: undefined, by: undefined, id, group: undefined })
                  }}
                />
                {tabs}
                {environment === null ? null : (
                  <RefusalsList
                    environment={environment}
                    address={address}
                    go={go}
                    singleKeys={singleKeys}
                    minutes={minutes}
                    onMinutes={setMinutes}
                  />
                )}
              </div>
              <RequestView {...request} minutes={minutes} />
            </>
          ) : (
            <OtherTab {...request} environment={environment} tab={tab} tabs={tabs} />
          )}
        </div>
        {tab === 'refused' ? <RequestStatus {...request} said={said} /> : <OtherStatus said={said} />}
      </main>
      {address.runbook === undefined ? null : (
        <Suspense fallback={null}>
          <RunbookDialog
            runbook={address.runbook}
            onClose={() => props.go({ ...address, runbook: undefined })}
            onCopy={onCopy}
          />
        </Suspense>
      )}
    </RunbookAddresses>
  )
}

/** A browser's address is a link wherever it is pasted. That of the desktop's window is one in a field of this screen alone, and says so. */
function CopyAddress({ onCopy }: { readonly onCopy: (text: string) => void }) {
  const address = () => window.location.href
  return isDesktopAddress(address()) ? (
    <Button
      onClick={() => onCopy(address())}
      title="Paste it into the field at the left, in any Everyhop that has this environment"
      data-testid="copy-link"
    >
      <Link2 size={14} aria-hidden="true" />
      Copy address
    </Button>
  ) : (
    <Button onClick={() => onCopy(address())} data-testid="copy-link">
      <Link2 size={14} aria-hidden="true" />
      Copy link
    </Button>
  )
}

/** Of an address what it has. */
function textsOf(address: DiagnoseAddress): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(address).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

function OtherTab({
  tab,
  tabs,
  ...props
}: RequestProps & {
  readonly environment: string
  readonly tab: Exclude<DiagnoseTab, 'refused'>
  readonly tabs: ReactNode
}) {
  const [List, View] =
    tab === 'handshakes' ? ([HandshakeList, HandshakeView] as const) : ([IdentitiesList, IdentitiesView] as const)
  return (
    <>
      <div className={styles.list}>
        <List {...props} tabs={tabs} />
      </div>
      <View {...props} />
    </>
  )
}
