import { CircleCheck, CircleHelp, CircleX, Download, ShieldCheck } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { PackSummary, VerifyResult } from '../../../shared/domain/evidence/model.ts'
import { formatMoment } from '../../../shared/words/durations.ts'
import { gapSentence } from '../../../shared/words/evidence.ts'
import { checkCommands } from '../../../shared/words/evidence-verify.ts'
import { useApi } from '../../api/api-context.tsx'
import { failureSentence } from '../../api/environments.ts'
import { Button } from '../../ui/atoms.tsx'
import { bytesWords } from './bytes.ts'
import styles from './evidence.module.css'
import { PathField } from './path-field.tsx'
import { dayAndTime } from './period.ts'
import { ReportDialog } from './report-dialog.tsx'
import { Verdicts } from './verdicts.tsx'
import { VerifySteps } from './verify-steps.tsx'

/** A sealed pack: its two verdicts, what it lacks, and how anybody checks it without Everyhop. */
export function PackPanel({
  pack,
  result,
  eyebrow,
  onVerify,
}: {
  readonly pack: PackSummary
  /** Of the verification just after it was made, or made again; null: not checked in this window. */
  readonly result: VerifyResult | null
  readonly eyebrow: string
  readonly onVerify: () => void
}) {
  const gaps = result?.gaps ?? pack.gaps
  return (
    <aside className={styles.side} aria-label={`Pack ${pack.packId}`} data-testid="evidence-pack">
      <header>
        <span className={styles.eyebrow}>{eyebrow}</span>
        <h2>{pack.packId}</h2>
        <p className={styles.meta}>
          {dayAndTime(pack.period.from)} to {dayAndTime(pack.period.to)} UTC · sealed {formatMoment(pack.sealedAt)} ·{' '}
          {pack.bytes === null ? 'the file is no longer there' : bytesWords(pack.bytes)} · {pack.artefacts.length}{' '}
          {pack.artefacts.length === 1 ? 'artefact' : 'artefacts'}
        </p>
        <Verdicts result={result} gaps={gaps.length} insufficient={insufficientIn(pack)} />
      </header>
      <section>
        <h3>Gaps declared in the pack</h3>
        {gaps.length === 0 ? (
          <p className={styles.meta}>None.</p>
        ) : (
          <ul className={styles.ruled}>
            {gaps.slice(0, 20).map((gap) => (
              <li key={`${gap.source} ${gap.from} ${gap.why}`}>
                <CircleHelp size={16} aria-hidden="true" />
                <span className={styles.muted}>{gapSentence(gap)}</span>
              </li>
            ))}
            {gaps.length > 20 ? (
              <li className={styles.meta}>and {gaps.length - 20} more, all of them in the pack</li>
            ) : null}
          </ul>
        )}
      </section>
      {result === null ? null : (
        <section>
          <h3>Integrity, step by step</h3>
          <VerifySteps steps={result.steps} />
          <p className={styles.meta}>
            Proves that nothing was changed after it was collected. It does not prove that everything was collected; see
            the gaps.
          </p>
        </section>
      )}
      <section>
        <h3>Check it without Everyhop</h3>
        <pre className={styles.commands} tabIndex={0}>
          {checkCommands(pack.packId, fileName(pack.file))}
        </pre>
        <p className={styles.meta}>
          verify.py is in the pack under VERIFY/, and published outside it: take it from there. The public key comes
          from your organisation, never from the pack. Its fingerprint: <code>{pack.keyFingerprint.slice(0, 16)}…</code>
        </p>
      </section>
      <SavePack pack={pack}>
        <Button onClick={onVerify}>
          <ShieldCheck size={14} aria-hidden="true" /> Verify again
        </Button>
        <ReportDialog pack={pack} />
      </SavePack>
    </aside>
  )
}

function insufficientIn(pack: PackSummary): number {
  return pack.artefacts.filter(({ state }) => state === 'insufficient').length
}

function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path
}

function SavePack({ pack, children }: { readonly pack: PackSummary; readonly children: ReactNode }) {
  const { client } = useApi()
  const [asking, setAsking] = useState(false)
  const [file, setFile] = useState('')
  const [said, setSaid] = useState<{ readonly ok: boolean; readonly words: string } | null>(null)
  const save = () => {
    client.evidence.save({ environment: pack.environment, packId: pack.packId, file: file.trim() }).then(
      (saved) => {
        setSaid({ ok: true, words: `Saved as ${saved.file}.` })
        setAsking(false)
      },
      (reason: unknown) => setSaid({ ok: false, words: failureSentence(reason) }),
    )
  }
  return (
    <section>
      <div className={styles.buttons}>
        <Button primary disabled={pack.bytes === null} onClick={() => setAsking(!asking)} aria-expanded={asking}>
          <Download size={14} aria-hidden="true" /> Save pack…
        </Button>
        {children}
      </div>
      {asking ? (
        <form
          className={styles.fields}
          onSubmit={(event) => {
            event.preventDefault()
            save()
          }}
        >
          <PathField
            label="Save as"
            value={file}
            onChange={setFile}
            placeholder={`/srv/audit/${pack.packId}.zip`}
            hint="A file that is there is never overwritten."
            testId="evidence-save-as"
          />
          <Button primary type="submit" disabled={file.trim() === ''}>
            Save
          </Button>
        </form>
      ) : null}
      <p className={styles.meta}>
        Kept as <code>{pack.file}</code>
      </p>
      {said === null ? null : (
        <p className={styles.said} data-ok={said.ok} role="status">
          {said.ok ? <CircleCheck size={14} aria-hidden="true" /> : <CircleX size={14} aria-hidden="true" />}
          {said.words}
        </p>
      )}
    </section>
  )
}
