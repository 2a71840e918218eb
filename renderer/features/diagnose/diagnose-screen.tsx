import { Link2 } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../ui/atoms.tsx'
import type { DiagnoseAddress, DiagnoseTab } from './address.ts'
import styles from './diagnose.module.css'
import type { DiagnoseProps } from './diagnose-props.ts'
import { DiagnoseTabs } from './diagnose-tabs.tsx'
import { HandshakeList } from './handshake/handshake-list.tsx'
import { HandshakeView } from './handshake/handshake-view.tsx'
import { IdentitiesList } from './identity/identities-list.tsx'
import { IdentitiesView } from './identity/identities-view.tsx'
import { RefusalsList } from './refusals-list.tsx'
import { RequestView } from './request-view.tsx'

const questions: Readonly<Record<DiagnoseTab, string>> = {
  refused: 'Why was this refused?',
  handshakes: 'Which side of this handshake is wrong?',
  identities: 'Why has this workload no identity?',
}

/** Verdict first, proof below, fix beside: of refused requests, handshakes and identities. */
export function DiagnoseScreen({
  environment,
  address,
  go,
  singleKeys,
}: {
  readonly environment: string
  readonly address: DiagnoseAddress
  readonly go: (address: DiagnoseAddress) => void
  readonly singleKeys: boolean
}) {
  const [said, setSaid] = useState('')
  const onCopy = (text: string) => {
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied.'),
      () => setSaid('The clipboard cannot be written here.'),
    )
  }
  const tab = address.tab ?? 'refused'
  const props: DiagnoseProps = { environment, address, go, singleKeys, onCopy }
  const tabs = <DiagnoseTabs address={address} go={go} />
  const [List, View] = {
    refused: [RefusalsList, RequestView] as const,
    handshakes: [HandshakeList, HandshakeView] as const,
    identities: [IdentitiesList, IdentitiesView] as const,
  }[tab]
  return (
    <main className={styles.screen} aria-label="Diagnose">
      <header className={styles.bar}>
        <h1>Diagnose</h1>
        <span className={styles.question}>{questions[tab]}</span>
        <span className={styles.grow} />
        <span role="status" className={styles.said}>
          {said}
        </span>
        <Button onClick={() => onCopy(window.location.href)} data-testid="copy-link">
          <Link2 size={14} aria-hidden="true" />
          Copy link
        </Button>
      </header>
      <div className={styles.columns}>
        <div className={styles.list}>
          <List {...props} tabs={tabs} />
        </div>
        <View {...props} />
      </div>
    </main>
  )
}
