import { FileCheck2 } from 'lucide-react'
import { useState } from 'react'
import type { VerifyResult } from '../../../shared/domain/evidence/model.ts'
import { artefactTitles, gapSentence } from '../../../shared/words/evidence.ts'
import { useApi } from '../../api/api-context.tsx'
import { failureSentence } from '../../api/environments.ts'
import { Banner, Button } from '../../ui/atoms.tsx'
import styles from './evidence.module.css'
import { PathField } from './path-field.tsx'
import { StateTag } from './state-tag.tsx'
import { Verdicts } from './verdicts.tsx'
import { VerifySteps } from './verify-steps.tsx'

type Answer =
  | { readonly state: 'none' | 'busy' }
  | { readonly state: 'failed'; readonly words: string }
  | { readonly state: 'done'; readonly result: VerifyResult }

/** Checks a pack of anybody's, with a key that comes from outside of it. */
export function VerifyTab({ file: given }: { readonly file: string }) {
  const { client } = useApi()
  const [file, setFile] = useState(given)
  const [key, setKey] = useState('')
  const [previous, setPrevious] = useState('')
  const [answer, setAnswer] = useState<Answer>({ state: 'none' })
  const isReady = file.trim() !== '' && key.trim() !== '' && answer.state !== 'busy'
  const check = () => {
    setAnswer({ state: 'busy' })
    client.evidence
      .verify({ file: file.trim(), key: key.trim(), previous: previous.trim() === '' ? null : previous.trim() })
      .then(
        (result) => setAnswer({ state: 'done', result }),
        (reason: unknown) => setAnswer({ state: 'failed', words: failureSentence(reason) }),
      )
  }
  return (
    <div className={styles.verify}>
      <form
        className={styles.form}
        aria-label="Pack and key"
        onSubmit={(event) => {
          event.preventDefault()
          if (isReady) check()
        }}
      >
        <section>
          <h2>Verify a pack</h2>
          <div className={styles.fields}>
            <PathField label="Pack (.zip)" value={file} onChange={setFile} extensions={['zip']} testId="verify-file" />
            <PathField
              label="Public key of the organisation (PEM)"
              value={key}
              onChange={setKey}
              extensions={['pem', 'pub']}
              hint="From outside the pack: a forged pack brings a key that fits it."
              testId="verify-key"
            />
            <PathField
              label="Pack before it (optional)"
              value={previous}
              onChange={setPrevious}
              extensions={['zip']}
              hint="Shows whether a pack between the two was left out."
            />
          </div>
          <Button primary type="submit" className={styles.wide} disabled={!isReady} data-testid="verify-run">
            <FileCheck2 size={14} aria-hidden="true" /> {answer.state === 'busy' ? 'Verifying…' : 'Verify'}
          </Button>
        </section>
      </form>
      <section className={styles.work} aria-live="polite" aria-label="Result" tabIndex={0}>
        {answer.state === 'failed' ? (
          <Banner tone="fail" icon={<FileCheck2 size={16} aria-hidden="true" />}>
            {answer.words}
          </Banner>
        ) : null}
        {answer.state === 'none' ? (
          <p className={styles.cardText}>
            Nothing is believed before the signature fits the given key. The same checks are made by verify.py, which
            needs only Python and OpenSSL.
          </p>
        ) : null}
        {answer.state === 'done' ? <VerifyAnswer result={answer.result} /> : null}
      </section>
    </div>
  )
}

function VerifyAnswer({ result }: { readonly result: VerifyResult }) {
  const insufficient = result.artefacts.filter(({ state }) => state === 'insufficient').length
  return (
    <>
      <section className={styles.card} aria-label="Verdicts">
        <header className={styles.cardHead}>
          <h2>{result.packId ?? 'This file'}</h2>
        </header>
        <div className={styles.cardBody}>
          <Verdicts result={result} gaps={result.gaps.length} insufficient={insufficient} />
        </div>
      </section>
      <section className={styles.card} aria-label="Steps">
        <header className={styles.cardHead}>
          <h2>Step by step</h2>
        </header>
        <div className={styles.cardBody}>
          <VerifySteps steps={result.steps} />
        </div>
      </section>
      {result.artefacts.length === 0 ? null : (
        <section className={styles.card} aria-label="Artefacts of the pack">
          <header className={styles.cardHead}>
            <h2>What it holds</h2>
          </header>
          <div className={styles.tableWrap}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">Artefact</th>
                  <th scope="col" className={styles.number}>
                    Records
                  </th>
                  <th scope="col">State</th>
                  <th scope="col" className={styles.number}>
                    Exceptions
                  </th>
                </tr>
              </thead>
              <tbody>
                {result.artefacts.map((one) => (
                  <tr key={one.id}>
                    <td>{artefactTitles[one.id]}</td>
                    <td className={styles.number}>{one.records.toLocaleString('en-GB')}</td>
                    <td>
                      <StateTag state={one.state} />
                    </td>
                    <td className={styles.number}>{one.exceptions.toLocaleString('en-GB')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {result.gaps.length === 0 ? null : (
            <ul className={styles.ruled}>
              {result.gaps.map((gap) => (
                <li key={`${gap.source} ${gap.from} ${gap.why}`}>
                  <span className={styles.muted}>{gapSentence(gap)}</span>
                </li>
              ))}
            </ul>
          )}
        </section>
      )}
    </>
  )
}
