import { CircleHelp, FileX } from 'lucide-react'
import type { ReactNode } from 'react'
import { failureSentence } from '../../api/environments.ts'
import { useBundles, useDrafts } from '../../api/policy.ts'
import { Button, Plate } from '../../ui/atoms.tsx'
import type { PolicyAddress } from './address.ts'
import styles from './policy-screen.module.css'
import { ReleasePanel } from './release/release-panel.tsx'
import { SimulatePanel } from './simulate/simulate-panel.tsx'

export interface PolicyScreenProps {
  readonly environment: string
  readonly address: PolicyAddress
  readonly go: (address: PolicyAddress) => void
  readonly theme: 'dark' | 'light'
  readonly singleKeys: boolean
}

/** The workbench of one bundle: files, editor, simulation, problems, releases. */
export function PolicyScreen({ environment, address, go }: PolicyScreenProps) {
  const bundles = useBundles(environment)
  const drafts = useDrafts(environment)
  const bundle = bundles.data?.find(({ name }) => name === address.bundle) ?? bundles.data?.[0] ?? null
  const draft = drafts.data?.find(({ id }) => id === address.draft) ?? null
  if (bundles.error !== null) {
    return (
      <Whole>
        <Plate
          tone="fail"
          icon={<FileX size={20} aria-hidden="true" />}
          title="The bundles cannot be read"
          literal={failureSentence(bundles.error)}
          actions={
            <Button primary onClick={() => void bundles.refetch()}>
              Try again
            </Button>
          }
        />
      </Whole>
    )
  }
  if (bundle === null) {
    return (
      <Whole>
        <Plate
          tone="unknown"
          icon={<CircleHelp size={20} aria-hidden="true" />}
          title={bundles.data === undefined ? 'Asking what the OPAs have loaded' : 'No bundle is known here'}
        />
      </Whole>
    )
  }
  const live = bundle.live.known ? bundle.live.value : null
  const panel = { environment, bundle, draft, live }
  return (
    <main className={styles.screen}>
      <header className={styles.bar}>
        <h1>Policy</h1>
      </header>
      <div className={styles.work}>
        <nav className={styles.files} aria-label="Files of the bundle" />
        <section className={styles.editor} aria-label="Editor" />
        <aside className={styles.simulate} aria-label="Simulate">
          <SimulatePanel
            {...panel}
            address={address}
            onReveal={(path) => go({ ...address, file: path })}
            onValues={() => {}}
            onInput={() => {}}
          />
        </aside>
      </div>
      <div className={styles.below}>
        <section className={styles.problems} aria-label="Problems and tests" />
        <section className={styles.release} aria-label="Releases and convergence">
          <ReleasePanel
            {...panel}
            onOpenDraft={(id) => go({ ...address, bundle: bundle.name, draft: id ?? undefined })}
          />
        </section>
      </div>
    </main>
  )
}

function Whole({ children }: { readonly children: ReactNode }) {
  return (
    <main className={styles.whole}>
      <h1 className="visually-hidden">Policy</h1>
      {children}
    </main>
  )
}
