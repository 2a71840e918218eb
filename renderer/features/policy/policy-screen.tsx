import { CircleHelp, FileX } from 'lucide-react'
import type { ReactNode } from 'react'
import type { BundleOverview } from '../../../shared/domain/model/policy.ts'
import { failureSentence } from '../../api/environments.ts'
import { useBundles, useDrafts } from '../../api/policy.ts'
import { Button, Plate } from '../../ui/atoms.tsx'
import type { PolicyAddress } from './address.ts'
import styles from './policy-screen.module.css'
import { PolicyWork } from './policy-work.tsx'

export interface PolicyScreenProps {
  readonly environment: string
  readonly address: PolicyAddress
  readonly go: (address: PolicyAddress) => void
  readonly theme: 'dark' | 'light'
  readonly singleKeys: boolean
}

/** The workbench of one bundle, or in words why there is none. */
export function PolicyScreen({ environment, address, go, theme }: PolicyScreenProps) {
  const bundles = useBundles(environment)
  const drafts = useDrafts(environment)
  const bundle = bundles.data?.find(({ name }) => name === address.bundle) ?? bundles.data?.[0] ?? null
  // What was shown stays when the service does not answer for a moment.
  if (bundle !== null && bundles.data !== undefined) {
    return (
      <PolicyWork
        key={bundle.name}
        environment={environment}
        bundles={bundles.data}
        bundle={bundle}
        drafts={drafts.data?.filter((each) => each.bundle === bundle.name) ?? null}
        draftsFailure={drafts.error === null ? null : failureSentence(drafts.error)}
        address={address}
        go={go}
        theme={theme}
      />
    )
  }
  return (
    <main className={styles.whole}>
      <h1 className="visually-hidden">Policy</h1>
      {bundles.error !== null ? (
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
      ) : (
        <NoBundle bundles={bundles.data} />
      )}
    </main>
  )
}

function NoBundle({ bundles }: { readonly bundles: readonly BundleOverview[] | undefined }): ReactNode {
  if (bundles === undefined) {
    return (
      <Plate tone="info" icon={<CircleHelp size={20} aria-hidden="true" />} title="Asking what the OPAs have loaded" />
    )
  }
  return (
    <Plate tone="unknown" icon={<CircleHelp size={20} aria-hidden="true" />} title="No bundle is known here">
      <p>
        No OPA of this environment has told of a bundle, and environment.yaml names none. Name one with its store under
        policy.bundles, or connect an OPA.
      </p>
    </Plate>
  )
}
