import { parseArgs } from 'node:util'
import { type SecretsState, secretNameSchema, shortestPassphrase } from '../../shared/contract/secrets.ts'
import { countOf, formatMoment } from '../../shared/words/durations.ts'
import { secretsProblemSentence, secretsSentence } from '../../shared/words/secrets.ts'
import { Failure } from '../core/failure.ts'
import type { ServiceClient } from '../service/in-process.ts'
import { type Command, exitCodes, type Output, UsageError } from './command.ts'
import { withService } from './connection.ts'
import { type PassphraseSource, readPassphrase, readValue } from './hidden-input.ts'
import { columns, jsonText, plainText } from './text.ts'

const passphraseHelp = `  --passphrase-fd <number>  reads the passphrase from this open file; EVERYHOP_PASSPHRASE_FILE may name a file instead.
                            Without either it is asked for at the terminal, and not shown`
const option = { 'passphrase-fd': { type: 'string' } } as const

export const secretSet: Command = {
  name: 'secret set',
  usage: `everyhop secret set <name> < file

Keeps a secret that environment.yaml refers to by its name, such as tokenSecret: vault.token. The value comes from standard
input, or is asked for at the terminal; it is never an argument, and never shown again.

${passphraseHelp}`,
  summary: 'keeps a secret, from standard input',
  async run(words, output, signal) {
    const { name, source } = parsed(words)
    return withService(async (client) => {
      await openSecrets(client, source, output, signal)
      const value = await readValue(name, output, signal)
      await client.secrets.put({ name, value }, { signal })
      output.err(`${name} is kept.\n`)
      return exitCodes.done
    })
  },
}

export const secretList: Command = {
  name: 'secret list',
  usage: `everyhop secret list [--json]

Names of the secrets that are kept, and what protects them. Values are never shown.`,
  summary: 'names of the secrets that are kept',
  async run(words, output, signal) {
    const { values } = parseArgs({ args: [...words], options: { json: { type: 'boolean' } } })
    return withService(async (client) => {
      const state = await client.secrets.state({}, { signal })
      if (state.problem !== null && state.problem.code !== 'keyring') throw unusable(state)
      const secrets = await client.secrets.list({}, { signal })
      if (values.json) output.out(`${jsonText({ state, secrets })}\n`)
      else {
        const rows = secrets.map(({ name, changedAt }) => [name, formatMoment(changedAt)])
        if (rows.length > 0) output.out(columns([['NAME', 'CHANGED'], ...rows]))
        output.err(`${countOf(secrets.length, 'secret')}. ${plainText(secretsSentence(state))}\n`)
      }
      return exitCodes.done
    })
  },
}

export const secretRemove: Command = {
  name: 'secret remove',
  usage: `everyhop secret remove <name>

Forgets a secret. What refers to it can no longer sign in.`,
  summary: 'forgets a secret',
  async run(words, output, signal) {
    const { name } = parsed(words)
    return withService(async (client) => {
      await client.secrets.remove({ name }, { signal })
      output.err(`${name} is forgotten.\n`)
      return exitCodes.done
    })
  },
}

export const secretUnlock: Command = {
  name: 'secret unlock',
  usage: `everyhop secret unlock [--passphrase-fd <number>]

Gives the passphrase to the Everyhop that runs, so that it can read its secrets.

${passphraseHelp}`,
  summary: 'unlocks the secrets of the Everyhop that runs',
  async run(words, output, signal) {
    const source = sourceOf(parseArgs({ args: [...words], options: option }).values)
    return withService(async (client) => {
      await openSecrets(client, source, output, signal)
      output.err(`${plainText(secretsSentence(await client.secrets.state({}, { signal })))}\n`)
      return exitCodes.done
    })
  },
}

export const secretPassphrase: Command = {
  name: 'secret passphrase',
  usage: `everyhop secret passphrase

Chooses the passphrase that protects the secrets, or another one, at the terminal. Everything is sealed anew.`,
  summary: 'chooses the passphrase of the secrets',
  async run(words, output, signal) {
    parseArgs({ args: [...words], options: {} })
    return withService(async (client) => {
      const state = await client.secrets.state({}, { signal })
      const source = { descriptor: null }
      const current =
        state.protection === 'passphrase'
          ? (await readPassphrase('The present passphrase: ', source, output, signal)).passphrase
          : undefined
      const passphrase = await choose(source, output, signal)
      await client.secrets.setPassphrase({ passphrase, ...(current === undefined ? {} : { current }) }, { signal })
      output.err('The secrets are sealed under the new passphrase.\n')
      return exitCodes.done
    })
  },
}

/** Asks for what is needed until secrets can be put. */
async function openSecrets(
  client: ServiceClient,
  source: PassphraseSource,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const state = await client.secrets.state({}, { signal })
  switch (state.condition) {
    case 'open':
      return
    case 'locked': {
      const { passphrase } = await readPassphrase('Passphrase of the secrets: ', source, output, signal)
      await client.secrets.unlock({ passphrase }, { signal })
      return
    }
    case 'unset': {
      output.err(
        'There is no keyring here, so the secrets are kept under a passphrase. It cannot be found again if it is lost.\n',
      )
      await client.secrets.setPassphrase({ passphrase: await choose(source, output, signal) }, { signal })
      return
    }
    case 'unusable':
      throw unusable(state)
  }
}

/** A typed passphrase is typed twice: a slip of a finger would seal everything for ever. */
async function choose(source: PassphraseSource, output: Output, signal: AbortSignal): Promise<string> {
  const question = `A new passphrase, ${shortestPassphrase} characters or more: `
  const { passphrase, isTyped } = await readPassphrase(question, source, output, signal)
  if (passphrase.length < shortestPassphrase) {
    throw new UsageError(`a passphrase has ${shortestPassphrase} characters or more`)
  }
  if (isTyped) {
    const again = await readPassphrase('Once more: ', source, output, signal)
    if (again.passphrase !== passphrase) throw new UsageError('the two are not the same; nothing was changed')
  }
  return passphrase
}

function unusable(state: SecretsState): Failure {
  return new Failure('invalid', state.file, secretsProblemSentence(state))
}

function parsed(words: readonly string[]): { readonly name: string; readonly source: PassphraseSource } {
  const { values, positionals } = parseArgs({ args: [...words], options: option, allowPositionals: true })
  const [name, ...more] = positionals
  if (name === undefined) throw new UsageError('say which secret, such as: secret set vault.token')
  // Not quoted: it may be the value, given as an argument by mistake.
  if (more.length > 0) throw new UsageError('one name only: the value comes from standard input, never as an argument')
  if (!secretNameSchema.safeParse(name).success) {
    throw new UsageError('a name has small letters, digits, dots and dashes, at most 100')
  }
  return { name, source: sourceOf(values) }
}

function sourceOf(values: { readonly 'passphrase-fd'?: string | undefined }): PassphraseSource {
  const text = values['passphrase-fd']
  if (text === undefined) return { descriptor: null }
  if (!/^\d{1,6}$/.test(text)) throw new UsageError('--passphrase-fd takes the number of an open file')
  return { descriptor: Number(text) }
}
