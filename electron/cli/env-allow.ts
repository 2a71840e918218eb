import { parseArgs } from 'node:util'
import type { ProgramQuestion } from '../../shared/contract/environment-setup.ts'
import { programQuestionSentence, programText } from '../../shared/words/environment-setup.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { withService } from './connection.ts'
import { readYes } from './hidden-input.ts'
import { jsonText, plainText } from './text.ts'

export const envAllow: Command = {
  name: 'env allow',
  usage: `everyhop env allow <name> [--program <mark>] [--json]

Shows the programs that kubeconfigs of an environment want to run for credentials and that nobody allowed as they are now, and asks
for each at the terminal. What was allowed stands in environment.yaml by a mark of command, arguments and variables: another program
is asked for again. Nothing is run here.

  --program <mark>  allows the program with this mark, as shown before, without asking
  --json            shows them only

Exit code 3: there is one that is not allowed.`,
  summary: 'the programs that kubeconfigs want to run, to be allowed',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { program: { type: 'string' }, json: { type: 'boolean' } },
      allowPositionals: true,
    })
    const [environment, ...more] = positionals
    if (environment === undefined || more.length > 0)
      throw new UsageError('say which environment, such as: env allow lab')
    const mark = values.program ?? null
    return withService(
      async (client) => {
        const questions = await client.environments.programs({ environment }, { signal })
        if (values.json) {
          output.out(`${jsonText(questions)}\n`)
          return questions.length === 0 ? exitCodes.done : exitCodes.gaps
        }
        if (mark !== null && !questions.some(({ program }) => program.mark === mark))
          throw new UsageError(
            `${plainText(environment)} asks for no program with this mark: look again without --program`,
          )
        let left = 0
        for (const question of questions) {
          output.out(textOf(question))
          const isAllowed =
            mark === null ? await readYes('Let it run? Type yes: ', output, signal) : question.program.mark === mark
          if (isAllowed) await allow(question)
          else left += 1
        }
        if (questions.length === 0) output.err(`No kubeconfig of ${plainText(environment)} asks for a program.\n`)
        if (left > 0) output.err(`Not allowed: ${left}. Nothing ran. Answer at a terminal, or give --program <mark>.\n`)
        return left === 0 ? exitCodes.done : exitCodes.gaps

        async function allow({ source, program }: ProgramQuestion): Promise<void> {
          await client.environments.allowProgram(
            { environment: environment ?? '', source, mark: program.mark },
            { signal },
          )
          output.err(`Allowed for ${plainText(source)}.\n`)
        }
      },
      { environment },
    )
  },
}

function textOf(question: ProgramQuestion): string {
  const { context, user, file, program } = question
  const variables = program.variables.length === 0 ? 'none' : program.variables.join(', ')
  return [
    programQuestionSentence(question),
    `  user ${user}, context ${context}, ${file}`,
    `  program    ${programText(program)}`,
    `  variables  ${variables}`,
    `  mark       ${program.mark}`,
  ]
    .map((line) => `${line.startsWith('  ') ? '  ' : ''}${plainText(line.trimStart())}\n`)
    .join('')
}
