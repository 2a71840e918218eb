import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { VerifyResult } from '../../shared/domain/evidence/model.ts'
import {
  artefactTitles,
  completenessWords,
  gapSentence,
  integrityWords,
  limitationSentence,
  resultWords,
} from '../../shared/words/evidence.ts'
import { verdictSentence, verifyOutcomeWords, verifyStepWords } from '../../shared/words/evidence-verify.ts'
import { verifyScript, verifyWithKeyFile } from '../evidence/verify/index.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { columns, jsonText, plainText } from './text.ts'

export const evidenceVerify: Command = {
  name: 'evidence verify',
  usage: `everyhop evidence verify <pack.zip> --key <file> [--previous <pack.zip>] [--json]

Verifies a pack of evidence: that it is signed by this key and unchanged since, that its figures, seals and samples hold, and what is
missing in it. Needs no environment and no network, and changes nothing.

  --key <file>       the organisation's public key in PEM. Take it from the organisation itself, never from the pack: a forged pack
                     brings the key of its forger
  --previous <file>  the pack that was made before, to see that none between was withheld
  --json             the result as JSON

Exit code 0: intact and complete. 1: not intact, or not verifiable, also when an option is wrong. 2: intact, with gaps.
"everyhop evidence verifier" writes the same checks as one Python file for somebody without Everyhop.`,
  summary: 'whether a pack is intact, and what is missing in it',
  async run(words, output, signal) {
    try {
      const { values, positionals } = parseArgs({
        args: [...words],
        options: { key: { type: 'string' }, previous: { type: 'string' }, json: { type: 'boolean', default: false } },
        allowPositionals: true,
      })
      const [file, ...more] = positionals
      if (file === undefined || more.length > 0) throw new UsageError('say which pack: one ZIP')
      if (values.key === undefined) throw new UsageError('say with which key: --key <file>, from outside the pack')
      const previous = values.previous === undefined ? null : resolve(values.previous)
      const result = await verifyWithKeyFile({ file: resolve(file), key: resolve(values.key), previous }, signal)
      output.out(values.json ? `${jsonText(result)}\n` : resultText(result))
      return result.exitCode
    } catch (reason) {
      // 2 says "intact, with gaps" here: no script may read that out of an option that was written wrongly.
      if (!(reason instanceof UsageError) && !(reason instanceof TypeError)) throw reason
      output.err(`everyhop: ${reason.message}\n${evidenceVerify.usage.split('\n', 1)[0] ?? ''}\n`)
      return exitCodes.failed
    }
  },
}

export const evidenceVerifier: Command = {
  name: 'evidence verifier',
  usage: `everyhop evidence verifier [--out <verify.py>]

Writes the verifier for auditors: one Python file (3.8 or newer, with the command openssl) that makes the same checks as "evidence verify".
It is in every pack too, but take it from here: a forged pack can bring a false one.

  --out <file>  where to; never overwrites. Without it: to the terminal`,
  summary: 'the verifier for auditors, as one Python file',
  async run(words, output) {
    const { values } = parseArgs({ args: [...words], options: { out: { type: 'string' } } })
    if (values.out === undefined) {
      output.out(verifyScript())
      return exitCodes.done
    }
    const handle = await open(values.out, 'wx', 0o644)
    try {
      await handle.writeFile(verifyScript())
    } finally {
      await handle.close()
    }
    output.err(`everyhop: wrote ${plainText(values.out)}\n`)
    return exitCodes.done
  },
}

/** Both verdicts first, then what they rest on. */
function resultText(result: VerifyResult): string {
  const { steps, gaps, artefacts } = result
  const weak = artefacts.filter(({ state }) => state === 'insufficient' || state === 'not-evaluated')
  return [
    `${plainText(verdictSentence(result))}\n\n`,
    columns([
      ['Integrity', integrityWords(result)],
      ['Completeness', completenessWords(result)],
    ]),
    '\n',
    columns(
      steps.map(({ step, outcome, finding }) => [
        verifyOutcomeWords[outcome],
        verifyStepWords[step],
        limitationSentence(finding),
      ]),
    ),
    list('What is missing:', gaps.map(gapSentence)),
    list(
      'Not shown to have operated:',
      weak.map(({ id, state }) => `${artefactTitles[id]}: ${resultWords[state].toLowerCase()}`),
    ),
  ].join('')
}

function list(title: string, sentences: readonly string[]): string {
  if (sentences.length === 0) return ''
  return `\n${title}\n${sentences.map((sentence) => `  ${plainText(sentence)}\n`).join('')}`
}
