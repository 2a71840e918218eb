import { parseArgs } from 'node:util'
import type { IdentityCandidate, NoIdentityDiagnosis } from '../../shared/domain/diagnosis/no-identity/model.ts'
import {
  attestedLabels,
  criterionPartLabels,
  criterionStateLabels,
  inSyncLabels,
} from '../../shared/words/diagnosis-identity.ts'
import { identityNote } from '../../shared/words/identity-note.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { type Command, UsageError } from './command.ts'
import { common, commonHelp, noteHelp, noteOption, oneForm, onService } from './diagnose.ts'
import { closing, section, sentenceOf } from './diagnose-text.ts'
import { columns, plainText } from './text.ts'

export const diagnoseIdentity: Command = {
  name: 'diagnose identity',
  usage: `everyhop diagnose identity <workload> --env <name> [--json | --note]

Why a workload is given no identity: the ClusterSPIFFEIDs and registration entries that come near it with exactly which label
or selector is missing, whether the agent of its machine is attested, and what would give it its identity, to copy. The
workload is named by SPIFFE ID, by stage, as it is drawn, or as <namespace>/<pod>. Nothing is changed.

  --env <name>      the environment; "everyhop env list" shows them. playground: started for the moment when none runs
${noteHelp}
${commonHelp}`,
  summary: 'why a workload is given no identity, and what would give it one',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { ...common, ...noteOption },
      allowPositionals: true,
    })
    const [workload, ...more] = positionals
    if (workload === undefined || more.length > 0) {
      throw new UsageError('say which workload, such as: diagnose identity output-filter --env lab')
    }
    const environment = values.env
    if (environment === undefined) throw new UsageError('say which environment with --env <name>')
    oneForm(values)
    return onService(values, output, signal, async (client, clock, at) => {
      const diagnosis = await client.diagnosis.noIdentity({ environment, at, workload }, { signal })
      const text = values.note ? identityNote(diagnosis, clock.now()) : identityText(diagnosis)
      return { document: diagnosis, text, isKnown: diagnosis.verdict.cause !== 'unknown' }
    })
  },
}

/** The sentence first, then what comes near and what it lacks, then what to copy. */
export function identityText(diagnosis: NoIdentityDiagnosis): string {
  const { subject, verdict, candidates, agent, correction, ruledOut, open, next } = diagnosis
  const { pod } = subject
  const about = [
    subject.name,
    subject.spiffeId ?? 'SPIFFE ID not known',
    pod === null ? 'pod not known' : `pod ${pod.namespace}/${pod.name} on ${pod.machine ?? 'no machine yet'}`,
  ]
  const agentWords = [attestedLabels[agent.attested], inSyncLabels[agent.inSync], reasonSentence(agent.reason)]
  return [
    ...sentenceOf(verdict),
    `${plainText(about.join(' · '))}\n`,
    ...candidates.map((each) => section(titleOf(each), criteriaText(each))),
    section('Agent', columns([agentWords])),
    ...closing(ruledOut, open, next, verdict),
    correction?.kind === 'manifest' ? section(reasonSentence(correction.reason), indented(correction.text)) : '',
  ].join('')
}

function titleOf({ kind, name, fits, spiffeId }: IdentityCandidate): string {
  const how = fits === null ? 'it is not known whether it is for it' : fits ? 'is for it' : 'is not for it'
  return `${kind}/${name} ${how}: ${spiffeId}`
}

function criteriaText({ criteria, notes }: IdentityCandidate): string {
  const rows = criteria.map(({ part, want, have, state }) => [
    criterionStateLabels[state],
    criterionPartLabels[part],
    `wants ${want}`,
    have === null ? '' : `has ${have}`,
  ])
  return columns([...rows, ...notes.map((note) => ['note', reasonSentence(note)])])
}

/** Line by line, so that what a label holds cannot end a line of the terminal. */
function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => plainText(line))
    .join('\n')
}
