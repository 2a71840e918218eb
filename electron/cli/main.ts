import { ORPCError } from '@orpc/client'
import { errorData } from '../../shared/contract/errors.ts'
import { Failure } from '../core/failure.ts'
import { type Command, type ExitCode, exitCodes, type Output, UsageError } from './command.ts'
import { diagnoseHandshake, diagnoseRequest } from './diagnose.ts'
import { diagnoseForecast } from './diagnose-forecast.ts'
import { diagnoseIdentity } from './diagnose-identity.ts'
import { diagnoseRefusals } from './diagnose-refusals.ts'
import { envList, envTest } from './env.ts'
import { envAllow } from './env-allow.ts'
import { envRole } from './env-role.ts'
import { evidenceCreate } from './evidence-create.ts'
import { evidenceList, evidencePlan } from './evidence-read.ts'
import { evidenceVerifier, evidenceVerify } from './evidence-verify.ts'
import { graphDiff } from './graph-diff.ts'
import { graphSave } from './graph-save.ts'
import { graphShow } from './graph-show.ts'
import { logsFind, logsRefused } from './logs.ts'
import { logsImport } from './logs-import.ts'
import { withMoments } from './moment.ts'
import { playgroundFaults, playgroundHeal, playgroundInject, playgroundStart, playgroundStop } from './playground.ts'
import { policyPublish, policyRollback } from './policy-publish.ts'
import { policyDiff, policyDrafts, policyJournal, policyStatus } from './policy-read.ts'
import { policyCheck, policySimulate, policyTest } from './policy-try.ts'
import { schemaGraph, schemaPolicy } from './schema.ts'
import { secretList, secretPassphrase, secretRemove, secretSet, secretUnlock } from './secret.ts'
import { serve } from './serve.ts'
import { settingsSet, settingsShow } from './settings.ts'
import { toolsBuild, toolsDownload, toolsList } from './tools.ts'

const commands: readonly Command[] = [
  graphShow,
  graphDiff,
  graphSave,
  logsRefused,
  logsFind,
  logsImport,
  diagnoseRefusals,
  diagnoseRequest,
  diagnoseHandshake,
  diagnoseForecast,
  diagnoseIdentity,
  envList,
  envTest,
  envRole,
  envAllow,
  policyStatus,
  policyDiff,
  policyCheck,
  policyTest,
  policySimulate,
  policyPublish,
  policyRollback,
  policyDrafts,
  policyJournal,
  playgroundStart,
  playgroundFaults,
  playgroundInject,
  playgroundHeal,
  playgroundStop,
  evidencePlan,
  evidenceCreate,
  evidenceList,
  evidenceVerify,
  evidenceVerifier,
  schemaGraph,
  schemaPolicy,
  secretSet,
  secretList,
  secretRemove,
  secretUnlock,
  secretPassphrase,
  settingsShow,
  settingsSet,
  toolsList,
  toolsBuild,
  toolsDownload,
  serve,
]

/** Ctrl-C, a request to end, and the terminal that goes away. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs one command; answers with the process's exit code and never throws. Ctrl-C stops what runs. */
export async function runCommandLine(words: readonly string[], output: Output): Promise<ExitCode> {
  const stopped = new AbortController()
  const stop = (): void => stopped.abort()
  for (const signal of endings) process.once(signal, stop)
  try {
    return await dispatch(words, output, stopped.signal)
  } catch (reason) {
    return report(reason, words, output, stopped.signal)
  } finally {
    for (const signal of endings) process.removeListener(signal, stop)
  }
}

async function dispatch(words: readonly string[], output: Output, signal: AbortSignal): Promise<ExitCode> {
  const [first] = words
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    output.out(overview())
    return first === undefined ? exitCodes.usage : exitCodes.done
  }
  const command = commands.find(({ name }) => name.split(' ').every((word, at) => words[at] === word))
  if (command === undefined) {
    throw new UsageError(`"${words.slice(0, 2).join(' ')}" is not a command. See: everyhop --help`)
  }
  const rest = words.slice(command.name.split(' ').length)
  if (rest.includes('--help') || rest.includes('-h')) {
    output.out(`${command.usage}\n`)
    return exitCodes.done
  }
  return command.run(withMoments(rest), output, signal)
}

function report(reason: unknown, words: readonly string[], output: Output, signal: AbortSignal): ExitCode {
  if (signal.aborted) return exitCodes.failed
  if (reason instanceof UsageError || isParseError(reason)) {
    const command = commands.find(({ name }) => words.join(' ').startsWith(name))
    output.err(`everyhop: ${reason.message}\n`)
    if (command !== undefined) output.err(`${command.usage.split('\n', 1)[0]}\nMore: everyhop ${command.name} --help\n`)
    return exitCodes.usage
  }
  const advice = adviceOf(reason)
  output.err(`everyhop: ${reason instanceof Error ? reason.message : 'failed in an unexpected way'}\n`)
  if (advice !== null) output.err(`${advice}\n`)
  return exitCodes.failed
}

/** parseArgs of Node tells wrong options by errors with codes of its own. */
function isParseError(reason: unknown): reason is Error {
  return reason instanceof Error && 'code' in reason && String(reason.code).startsWith('ERR_PARSE_ARGS')
}

function adviceOf(reason: unknown): string | null {
  if (reason instanceof Failure) return reason.advice
  if (!(reason instanceof ORPCError)) return null
  const data = errorData.safeParse(reason.data)
  return data.success ? data.data.advice : null
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2
  return [
    'everyhop <noun> <verb> [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    '',
    'everyhop <noun> <verb> --help says more.',
    'Environments are files in the folder environments/ of EVERYHOP_HOME, or of everyhop in your configuration folder.',
    'Exit codes: 0 done, 1 failed, 2 wrongly written, 3 done with gaps.',
    '',
  ].join('\n')
}
