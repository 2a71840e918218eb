import { Clock3, OctagonX } from 'lucide-react'
import { type ReactNode, useEffect, useEffectEvent, useState } from 'react'
import type { EditableEnvironment, KubeContext, Proposal } from '../../../shared/contract/environment-setup.ts'
import type { EnvironmentSummary } from '../../../shared/contract/environments.ts'
import { playgroundEnvironment } from '../../../shared/contract/playground.ts'
import { useApi } from '../../api/api-context.tsx'
import { failureSentence, useCommand, useListAgain, useTesting } from '../../api/environments.ts'
import { useEnvironments, useSourceHealth, useSystemInfo } from '../../api/hooks.ts'
import { Button, Keys, Plate } from '../../ui/atoms.tsx'
import type { ConnectionsAddress } from './address.ts'
import { CheckResults } from './check-results.tsx'
import { ContextPicker } from './context-picker.tsx'
import { EnvironmentEditor } from './environment-editor.tsx'
import { EnvironmentList } from './environment-list.tsx'
import styles from './environments.module.css'
import { FirstRun } from './first-run.tsx'
import { RemoveDialog } from './remove-dialog.tsx'

export interface ScreenProps {
  readonly address: ConnectionsAddress
  readonly go: (address: ConnectionsAddress) => void
  readonly openGraph: (environment: string) => void
  /** The environment that is open, as the frame knows it. */
  readonly chosen: string | null
  /** False: single keys are switched off (WCAG 2.1.4). */
  readonly singleKeys: boolean
  /** Draws the graph of an environment: the graph is another feature. */
  readonly graphOf: (environment: string) => ReactNode
  /** The offer of the playground, another feature; `onCheck` asks its sources. */
  readonly playground: (isFirst: boolean, onCheck: () => void) => ReactNode
}

/** Connections: the environments, how they stand, and adding, changing, checking and removing them. */
export function EnvironmentsScreen(props: ScreenProps) {
  const { address, go, singleKeys } = props
  const isEditing = address.add === true || address.edit !== undefined
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !singleKeys || isEditing || isTaken(event.target)) return
    if (event.key === 'n') {
      event.preventDefault()
      go({ ...(address.env === undefined ? {} : { env: address.env }), add: true })
    }
  })
  useEffect(() => {
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
  return (
    <div className={styles.screen} data-testid="connections">
      <header className={styles.bar}>
        <h1>Connections</h1>
        <Subtitle {...props} />
      </header>
      {address.add === true ? (
        <Adding {...props} />
      ) : address.edit !== undefined ? (
        <Changing key={address.edit} environment={address.edit} {...props} />
      ) : (
        <Overview {...props} />
      )}
      <footer className={styles.status}>
        <span>
          <b>Nothing is sent anywhere</b> except to the sources you name. Everyhop only reads unless change mode is on.
        </span>
        <span className={styles.grow} />
        {isEditing ? null : (
          <span>
            <Keys keys={['n']} /> new environment
          </span>
        )}
        <span>
          <Keys keys={['g', 'g']} /> graph
        </span>
        <span>
          <Keys keys={['?']} /> help
        </span>
      </footer>
    </div>
  )
}

function isTaken(target: EventTarget | null): boolean {
  if (document.querySelector('[role="dialog"], [role="alertdialog"]') !== null) return true
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
}

function Subtitle({ address }: ScreenProps) {
  const { data } = useEnvironments()
  if (address.add === true) return <span className={styles.quiet}>A new environment</span>
  if (data === undefined) return null
  const own = data.filter(({ playground }) => !playground).length
  return <span className={styles.quiet}>{own === 0 ? 'No environment yet' : `${own} written down`}</span>
}

function Overview({ address, go, openGraph, chosen, playground }: ScreenProps) {
  const { data, error } = useEnvironments()
  const info = useSystemInfo()
  const health = useSourceHealth(usable(data ?? [], chosen))
  const { testing, start, stop, clear } = useTesting()
  const [tested, setTested] = useState<string | null>(null)
  const [removing, setRemoving] = useState<string | null>(null)
  const kept: ConnectionsAddress = address.env === undefined ? {} : { env: address.env }
  const listAgain = useListAgain()
  // Files are corrected in an editor while this is looked at.
  useEffect(() => {
    const again = setInterval(() => void listAgain(), listEveryMs)
    return () => clearInterval(again)
  }, [listAgain])
  if (data === undefined) {
    return (
      <main className={styles.whole}>
        {error === null ? (
          <Plate tone="info" icon={<Clock3 size={20} aria-hidden="true" />} title="Asking Everyhop’s service" />
        ) : (
          <Plate
            tone="fail"
            icon={<OctagonX size={20} aria-hidden="true" />}
            title="Everyhop’s service does not answer"
            literal={failureSentence(error)}
          />
        )}
      </main>
    )
  }
  const add = () => go({ ...kept, add: true })
  const own = data.filter((environment) => !environment.playground)
  const check = (environment: string) => {
    setTested(environment)
    start(environment)
  }
  const offer = playground(own.length === 0, () => check(playgroundEnvironment))
  return (
    <main className={data.length === 0 ? `${styles.body} ${styles.single}` : styles.body}>
      <div className={`${styles.main} ${styles.stacked}`}>
        {own.length === 0 ? (
          <>
            {offer}
            <FirstRun onAdd={add} home={info.data?.home ?? null} />
          </>
        ) : (
          <>
            <EnvironmentList
              environments={own}
              chosen={chosen}
              health={health}
              actions={{
                onAdd: add,
                onOpen: openGraph,
                onCheck: check,
                onEdit: (edit) => go({ ...kept, edit }),
                onRemove: (environment) => {
                  // What is removed can no longer be told about.
                  if (environment === tested) clear()
                  setRemoving(environment)
                },
              }}
            />
            {offer}
          </>
        )}
      </div>
      {data.length === 0 ? null : (
        <div className={styles.side}>
          <CheckResults of={tested} testing={testing} outdated={false} onStop={stop} />
        </div>
      )}
      {removing === null ? null : <RemoveDialog environment={removing} onClose={() => setRemoving(null)} />}
    </main>
  )
}

const listEveryMs = 2000

function usable(environments: readonly EnvironmentSummary[], chosen: string | null): string | null {
  return environments.some(({ name, problem }) => name === chosen && problem === null) ? chosen : null
}

function Adding({ go, address, openGraph, graphOf }: ScreenProps) {
  const { client } = useApi()
  const [proposal, setProposal] = useState<Proposal | null>(null)
  const [looking, setLooking] = useState<string | null>(null)
  const { busy, failure, run } = useCommand()
  const back = () => go(address.env === undefined ? {} : { env: address.env })
  const pick = ({ choice, fingerprint, name }: KubeContext, allowExec: boolean) => {
    setLooking(name)
    void run(async () => setProposal(await client.environments.propose({ choice, fingerprint, allowExec })))
  }
  if (proposal !== null) {
    return (
      <Body>
        <EnvironmentEditor
          draft={proposal.draft}
          proposal={proposal}
          edits={null}
          graphOf={graphOf}
          onSaved={openGraph}
          onBack={() => setProposal(null)}
        />
      </Body>
    )
  }
  return (
    <main className={`${styles.body} ${styles.single}`}>
      <div className={styles.main}>
        <ContextPicker busy={busy} failure={failure} onPick={pick} />
        <div className={styles.actions}>
          <span className={styles.grow} role="status" data-testid="looking">
            {busy ? `Looking through the cluster of ${looking ?? 'this context'}…` : ''}
          </span>
          <Button onClick={back}>Cancel</Button>
        </div>
      </div>
    </main>
  )
}

function Changing({ environment, go, address, openGraph, graphOf }: ScreenProps & { readonly environment: string }) {
  const { client } = useApi()
  const [file, setFile] = useState<EditableEnvironment | null>(null)
  const { failure, run } = useCommand()
  const load = useEffectEvent(() => void run(async () => setFile(await client.environments.read({ environment }))))
  useEffect(() => load(), [])
  const back = () => go(address.env === undefined ? {} : { env: address.env })
  if (file === null) {
    return (
      <main className={styles.whole}>
        {failure === null ? (
          <Plate
            tone="info"
            icon={<Clock3 size={20} aria-hidden="true" />}
            title={`Reading the file of ${environment}`}
          />
        ) : (
          <Plate
            tone="fail"
            icon={<OctagonX size={20} aria-hidden="true" />}
            title={`${environment} cannot be changed here`}
            literal={failure}
            actions={<Button onClick={back}>Back to the list</Button>}
          />
        )}
      </main>
    )
  }
  return (
    <Body>
      <EnvironmentEditor
        draft={file.draft}
        proposal={null}
        edits={{ environment, file }}
        graphOf={graphOf}
        onSaved={openGraph}
        onBack={back}
      />
    </Body>
  )
}

/** Around the editor, whose graph brings a main region of its own. */
function Body({ children }: { readonly children: ReactNode }) {
  return <div className={styles.body}>{children}</div>
}
