import { CircleCheck, CircleX } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { EvidenceBuildInput } from '../../../shared/contract/evidence.ts'
import { type ArtefactId, artefactIds } from '../../../shared/domain/evidence/model.ts'
import { useClock } from '../../api/clock.tsx'
import { failureSentence } from '../../api/environments.ts'
import { useBuilding, useEvidencePlan, usePacks } from '../../api/evidence.tsx'
import { Banner, Button, Plate } from '../../ui/atoms.tsx'
import bar from '../../ui/bar.module.css'
import { StatusLine } from '../../ui/status-line.tsx'
import type { EvidenceAddress } from './address.ts'
import { ArtefactTable } from './artefact-table.tsx'
import { BuildForm } from './build-form.tsx'
import { CannotShow } from './cannot-show.tsx'
import styles from './evidence.module.css'
import { keyOf, noKey } from './key-choice.ts'
import { PackPanel } from './pack-panel.tsx'
import { PacksTab } from './packs-tab.tsx'
import { periodOf } from './period.ts'
import { ProgressHead } from './progress-head.tsx'
import { rowsOf } from './rows.ts'
import { SupportsTable } from './supports-table.tsx'
import { VerifyTab } from './verify-tab.tsx'

const keys = [
  [['Ctrl', '⏎'], 'build'],
  [['v'], 'verify'],
  [['?'], 'help'],
] as const

export interface EvidenceScreenProps {
  readonly environment: string
  readonly address: EvidenceAddress
  readonly go: (address: EvidenceAddress) => void
  readonly singleKeys: boolean
}

/** Builds packs of evidence, shows those that were built, and verifies any. */
export function EvidenceScreen({ environment, address, go, singleKeys }: EvidenceScreenProps) {
  const packs = usePacks(environment)
  const { building, stop, clear } = useBuilding()
  const tab = address.tab ?? 'build'
  const sealed = building.state === 'sealed' && building.environment === environment ? building : null
  const shown = packs.data?.find(({ packId }) => packId === address.pack) ?? sealed?.pack ?? packs.data?.[0] ?? null
  const verify = () => go({ ...address, tab: 'verify' })

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const inField = event.target instanceof HTMLElement && event.target.closest('input, textarea, select') !== null
      if (event.key === 'v' && singleKeys && !inField && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault()
        go({ ...address, tab: 'verify' })
      }
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [address, go, singleKeys])

  return (
    <main className={styles.screen} aria-label="Evidence">
      <div className={`${bar.bar} ${styles.bar}`}>
        <h1>Evidence</h1>
        <fieldset className={styles.segments}>
          <legend className="visually-hidden">What is shown</legend>
          {(
            [
              ['build', 'Build'],
              ['packs', `Packs ${packs.data?.length ?? '…'}`],
              ['verify', 'Verify a pack'],
            ] as const
          ).map(([value, words]) => (
            <button
              key={value}
              type="button"
              aria-pressed={tab === value}
              onClick={() => go({ ...address, tab: value })}
            >
              {words}
            </button>
          ))}
        </fieldset>
        <span className={styles.grow} />
        <span className={styles.meta}>Each pack that is made is written into the action journal</span>
      </div>
      <Outcome building={building} onClose={clear} />
      {packs.error !== null && packs.data === undefined ? (
        <Plate
          tone="fail"
          icon={<CircleX size={20} aria-hidden="true" />}
          title="The packs cannot be read"
          literal={failureSentence(packs.error)}
        />
      ) : tab === 'verify' ? (
        <VerifyTab key={shown?.file ?? ''} file={shown?.file ?? ''} />
      ) : (
        <div className={styles.columns} data-tab={tab}>
          {tab === 'build' ? (
            <BuildTab environment={environment} address={address} go={go} onStop={stop} />
          ) : (
            <section className={styles.work} aria-label="Packs made here" tabIndex={0}>
              <PacksTab
                packs={packs.data ?? []}
                chosen={shown?.packId ?? null}
                onChoose={(pack) => go({ ...address, pack })}
                onBuild={() => go({ ...address, tab: 'build' })}
              />
            </section>
          )}
          {shown === null ? (
            <aside className={styles.side} aria-label="Last sealed pack">
              <header>
                <span className={styles.eyebrow}>Last sealed pack</span>
                <p className={styles.meta}>
                  {packs.data === undefined ? 'Being looked for.' : 'None was made here yet.'}
                </p>
              </header>
            </aside>
          ) : (
            <PackPanel
              key={shown.packId}
              pack={shown}
              result={sealed?.pack.packId === shown.packId ? sealed.result : null}
              eyebrow={shown.packId === packs.data?.[0]?.packId ? 'Last sealed pack' : 'Sealed pack'}
              onVerify={verify}
            />
          )}
        </div>
      )}
      <StatusLine testId="evidence-status" keys={keys}>
        <b>{statusWords(building)}</b>
        <span>nothing leaves this computer until you save the pack</span>
        <span>Absent data is never turned into a result</span>
      </StatusLine>
    </main>
  )
}

/** How the last pack ended that did not come to be. */
function Outcome({
  building,
  onClose,
}: {
  readonly building: ReturnType<typeof useBuilding>['building']
  readonly onClose: () => void
}) {
  if (building.state !== 'failed' && building.state !== 'stopped') return null
  const hasFailed = building.state === 'failed'
  const Icon = hasFailed ? CircleX : CircleCheck
  return (
    <div className={styles.notice}>
      <Banner
        tone={hasFailed ? 'fail' : 'info'}
        icon={<Icon size={16} aria-hidden="true" />}
        action={
          <Button small onClick={onClose}>
            Close
          </Button>
        }
      >
        {hasFailed
          ? `The pack was not made, and nothing of it is kept. ${building.failure}`
          : 'Stopped. Nothing of the pack is kept.'}
      </Banner>
    </div>
  )
}

function statusWords(building: ReturnType<typeof useBuilding>['building']): string {
  if (building.state === 'running') return `${building.progress?.packId ?? 'A pack'} is being collected`
  if (building.state === 'sealed') return `${building.pack.packId} is sealed`
  return 'No pack is being made'
}

function BuildTab({
  environment,
  address,
  go,
  onStop,
}: Pick<EvidenceScreenProps, 'environment' | 'address' | 'go'> & { readonly onStop: () => void }) {
  const clock = useClock()
  // Chosen once: the question does not change with each second that passes.
  const [now, setNow] = useState(() => clock.now())
  const [chosen, setChosen] = useState<readonly ArtefactId[]>(artefactIds)
  const [hiddenFrameworks, setHiddenFrameworks] = useState<readonly string[]>([])
  const [keyChoice, setKeyChoice] = useState(noKey)
  const [more, setMore] = useState({ purpose: '', sample: '60', nonce: '', out: '' })
  const { building, start } = useBuilding()
  const period = periodOf(address, now)
  const plan = useEvidencePlan(environment, period, chosen)
  const running = building.state === 'running' ? building : null
  const key = keyOf(keyChoice, (plan.data?.signing ?? null) !== null)
  const obstacle =
    chosen.length === 0
      ? 'Choose at least one artefact.'
      : key === undefined
        ? 'Say which key signs the pack.'
        : plan.data?.bytesFree === null
          ? 'Each pack is written into the action journal, and this Everyhop keeps none: start it with a data folder.'
          : running !== null
            ? 'One pack at a time.'
            : null
  const build = () => {
    if (obstacle !== null || key === undefined) return
    const input: EvidenceBuildInput = {
      environment,
      period: { ...period },
      artefacts: [...chosen],
      key,
      out: more.out.trim() === '' ? null : more.out.trim(),
      purpose: more.purpose.trim() === '' ? null : more.purpose.trim(),
      sample: Math.min(1000, Number(more.sample === '' ? '0' : more.sample)),
      nonce: more.nonce.trim() === '' ? null : more.nonce.trim(),
    }
    start(input)
  }
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      build()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  })
  const progress =
    running?.environment === environment
      ? running.progress
      : building.state === 'sealed' && building.environment === environment
        ? building.progress
        : null
  return (
    <>
      <BuildForm
        environment={environment}
        now={now}
        onNow={() => setNow(clock.now())}
        address={address}
        go={go}
        period={period}
        chosen={chosen}
        onChosen={setChosen}
        frameworks={hiddenFrameworks}
        onFrameworks={setHiddenFrameworks}
        keyChoice={keyChoice}
        onKey={setKeyChoice}
        more={more}
        onMore={setMore}
        plan={plan.data}
        obstacle={obstacle}
        running={running === null ? null : (running.progress?.packId ?? '')}
        onBuild={build}
      />
      <section className={styles.work} aria-label="What the pack holds" tabIndex={0}>
        <section className={styles.card} aria-label="Artefacts of the pack">
          {running === null ? (
            <header className={styles.cardHead}>
              <h2>{progress === null ? 'What the pack will hold' : `What ${progress.packId} holds`}</h2>
              <span className={styles.meta}>
                {progress === null ? 'and what it will lack, before it is made' : 'sealed'}
              </span>
            </header>
          ) : (
            <ProgressHead building={running} onStop={onStop} />
          )}
          {plan.error !== null ? (
            <Plate
              tone="fail"
              icon={<CircleX size={20} aria-hidden="true" />}
              title="What it would hold cannot be told"
              literal={failureSentence(plan.error)}
              actions={
                <Button primary onClick={() => void plan.refetch()}>
                  Try again
                </Button>
              }
            />
          ) : plan.data === undefined ? (
            <p className={styles.cardText} role="status">
              {chosen.length === 0 ? 'No artefact is chosen.' : 'Counting what is held of this period…'}
            </p>
          ) : (
            <ArtefactTable rows={rowsOf(plan.data.artefacts, progress)} />
          )}
        </section>
        {plan.data === undefined ? null : (
          <>
            <CannotShow plan={plan.data} />
            <SupportsTable
              controls={plan.data.controls.filter(({ framework }) => !hiddenFrameworks.includes(framework))}
            />
          </>
        )}
      </section>
    </>
  )
}
