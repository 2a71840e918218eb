import { OctagonX, Play } from 'lucide-react'
import { useState } from 'react'
import type { ProgramQuestion } from '../../shared/contract/environment-setup.ts'
import { programQuestionSentence } from '../../shared/words/environment-setup.ts'
import { useAllowProgram, useProgramQuestions } from '../api/environments.ts'
import { ProgramDialog } from '../features/environments/program-dialog.tsx'
import { Banner, Button } from '../ui/atoms.tsx'

/** That a kubeconfig of the open environment wants to run a program which nobody allowed: nothing of it is read meanwhile. */
export function ProgramNotice({ environment }: { readonly environment: string }) {
  const questions = useProgramQuestions(environment)
  const { busy, failure, allow } = useAllowProgram(environment)
  const [asked, setAsked] = useState<ProgramQuestion | null>(null)
  // Asked again when it is another program; until then it is asked in Connections.
  const [later, setLater] = useState<ReadonlySet<string>>(new Set())
  return (
    <>
      {questions
        .filter(({ program }) => !later.has(program.mark))
        .map((question) => (
          <Banner
            key={question.source}
            tone="warn"
            icon={<Play size={16} aria-hidden="true" />}
            action={
              <>
                <Button small disabled={busy} onClick={() => setAsked(question)} data-testid="look-at-program">
                  Look at it…
                </Button>
                <Button small onClick={() => setLater(new Set([...later, question.program.mark]))}>
                  Later
                </Button>
              </>
            }
          >
            <span data-testid="program-question">{programQuestionSentence(question)}</span>
          </Banner>
        ))}
      {failure === null ? null : (
        <Banner tone="fail" icon={<OctagonX size={16} aria-hidden="true" />}>
          {failure}
        </Banner>
      )}
      {asked === null ? null : (
        <ProgramDialog
          asked={asked}
          why={programQuestionSentence(asked)}
          onClose={() => setAsked(null)}
          onAllow={() => {
            setAsked(null)
            void allow(asked)
          }}
        />
      )}
    </>
  )
}
