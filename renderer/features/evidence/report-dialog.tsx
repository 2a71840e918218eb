import { Dialog } from '@base-ui/react/dialog'
import { useQuery } from '@tanstack/react-query'
import { ExternalLink, FileX } from 'lucide-react'
import { useState } from 'react'
import type { PackSummary } from '../../../shared/domain/evidence/model.ts'
import { useApi } from '../../api/api-context.tsx'
import { failureSentence } from '../../api/environments.ts'
import { Banner, Button } from '../../ui/atoms.tsx'
import popover from '../../ui/popover.module.css'
import styles from './evidence.module.css'

/** The report as it stands in the pack: in a frame that may do nothing but be read. */
export function ReportDialog({ pack }: { readonly pack: PackSummary }) {
  const { queries } = useApi()
  const [open, setOpen] = useState(false)
  const report = useQuery(
    queries.evidence.report.queryOptions({
      input: { environment: pack.environment, packId: pack.packId },
      enabled: open,
      staleTime: 0,
      retry: false,
      refetchInterval: false,
    }),
  )
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger render={<Button disabled={pack.bytes === null} />}>
        <ExternalLink size={14} aria-hidden="true" /> Open report
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={`${popover.dialog} ${styles.report}`}>
          <header className={styles.reportHead}>
            <Dialog.Title render={<h2 />}>Report of {pack.packId}</Dialog.Title>
            <Dialog.Close render={<Button small />}>Close</Dialog.Close>
          </header>
          {report.error !== null ? (
            <Banner tone="fail" icon={<FileX size={16} aria-hidden="true" />}>
              {failureSentence(report.error)}
            </Banner>
          ) : report.data === undefined ? (
            <p className={styles.cardText} role="status">
              Reading the pack…
            </p>
          ) : (
            <iframe
              className={styles.reportFrame}
              title={`Report of ${pack.packId}`}
              sandbox=""
              srcDoc={report.data.html}
              data-testid="evidence-report"
            />
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
