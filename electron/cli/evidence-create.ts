import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { completenessWords, gapSentence, integrityWords } from '../../shared/words/evidence.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { usualFolder, withService } from './connection.ts'
import {
  artefactsOf,
  environmentOf,
  keyHelp,
  keyOf,
  keyOptions,
  periodHelp,
  periodOf,
  periodOptions,
} from './evidence-options.ts'
import { artefactTable, progressLine } from './evidence-text.ts'
import { jsonText, plainText } from './text.ts'

/** Says that it goes on this often. Milliseconds. */
const tellMs = 5000

export const evidenceCreate: Command = {
  name: 'evidence create',
  usage: `everyhop evidence create --env <name> --last 24h [--key <file>] [--out <file.zip>] [options]

Makes a pack of evidence: what is remembered of a time, signed, as one ZIP that can be checked without Everyhop. What is missing is
said in it. It is verified before it is handed out. Ctrl-C keeps nothing of it. Nothing is ever overwritten.

${periodHelp}

${keyHelp}
  --out <file>          where the ZIP shall be (default: with the other packs, in the folder of what Everyhop keeps)
  --purpose <text>      what it is made for, on its first page
  --sample <n>          records that are drawn of each list (default 60; 0: none)
  --nonce <text>        what the auditor gave to seed the samples (default: one is made, and said to be ours)

Exit code 0: made, and no gap is known. 3: made, with gaps. 1: not made.`,
  summary: 'makes a pack of evidence that an auditor can check without Everyhop',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: {
        ...periodOptions,
        ...keyOptions,
        out: { type: 'string' },
        purpose: { type: 'string' },
        sample: { type: 'string', default: '60' },
        nonce: { type: 'string' },
      },
      allowPositionals: true,
    })
    if (positionals.length > 0) throw new UsageError(`"${plainText(positionals.join(' '))}" is too much`)
    const environment = environmentOf(values.env)
    if (!/^\d{1,4}$/.test(values.sample) || Number(values.sample) > 1000)
      throw new UsageError('--sample takes a number up to 1000')
    const artefacts = artefactsOf(values.artefacts)
    const key = keyOf(values)
    // Written wrongly is said before anything is opened.
    periodOf(values, Date.now())
    const data = values.data === undefined ? await usualFolder() : resolve(values.data)
    return withService(
      async (client, clock) => {
        const events = await client.evidence.build(
          {
            environment,
            period: periodOf(values, clock.now()),
            artefacts,
            key,
            out: values.out === undefined ? null : resolve(values.out),
            purpose: values.purpose ?? null,
            sample: Number(values.sample),
            nonce: values.nonce ?? null,
          },
          { signal },
        )
        let told = { step: '', at: 0 }
        for await (const event of events) {
          if (event.type === 'progress') {
            if (event.step === told.step && clock.now() - told.at < tellMs) continue
            told = { step: event.step, at: clock.now() }
            output.err(`everyhop: ${event.packId}, ${progressLine(event)}\n`)
            continue
          }
          const { pack, result } = event
          if (values.json) output.out(`${jsonText({ pack, result })}\n`)
          else {
            output.out(artefactTable(pack.artefacts))
            for (const gap of result.gaps) output.err(`everyhop: ${plainText(gapSentence(gap))}\n`)
            output.out(
              `\n${pack.packId}: integrity ${integrityWords(result)}, completeness ${completenessWords(result)}\n` +
                `${plainText(pack.file)}\nSHA-256 of the ZIP  ${pack.sha256}\nKey that signed it  ${pack.keyFingerprint}\n`,
            )
          }
          return result.exitCode === 0 ? exitCodes.done : exitCodes.gaps
        }
        signal.throwIfAborted()
        return exitCodes.failed
      },
      { data, environment },
    )
  },
}
