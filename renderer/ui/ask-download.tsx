import { AlertDialog } from '@base-ui/react/alert-dialog'
import type { ToolRelease } from '../../shared/contract/policy.ts'
import { releaseSentences, toolNames } from '../../shared/words/tools.ts'
import styles from './ask-download.module.css'
import { Button } from './atoms.tsx'
import popover from './popover.module.css'

/** What would come, and how one knows that it is that, before it comes. */
export function AskDownload({
  release,
  busy,
  onClose,
  onDownload,
}: {
  readonly release: ToolRelease
  readonly busy: boolean
  readonly onClose: () => void
  readonly onDownload: () => void
}) {
  const [what = '', ...rest] = releaseSentences(release)
  const name = toolNames[release.tool]
  return (
    <AlertDialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={popover.backdrop} />
        <AlertDialog.Popup className={popover.dialog}>
          <div className={styles.dialog}>
            <AlertDialog.Title render={<h2 />}>Download {name}?</AlertDialog.Title>
            <AlertDialog.Description render={<p />}>{what}</AlertDialog.Description>
            {rest.map((line) => (
              <p key={line} className={line === release.sha256 ? styles.literal : undefined}>
                {line}
              </p>
            ))}
            <div className={styles.actions}>
              <AlertDialog.Close render={<Button>Cancel</Button>} />
              <Button primary disabled={busy} onClick={onDownload}>
                Download {name} {release.version}
              </Button>
            </div>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
