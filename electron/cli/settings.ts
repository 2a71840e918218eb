import { parseArgs } from 'node:util'
import {
  type Settings,
  type SettingsAnswer,
  type SettingsChange,
  settingsSchema,
} from '../../shared/contract/settings.ts'
import { settingsProblemSentence, settingTitles } from '../../shared/words/settings.ts'
import { type Command, exitCodes, type Output, UsageError } from './command.ts'
import { withService } from './connection.ts'
import { columns, jsonText, plainText } from './text.ts'

const names = Object.keys(settingsSchema.shape)

export const settingsShow: Command = {
  name: 'settings show',
  usage: `everyhop settings show [--json]

Shows the settings of this person on this machine. Exit code 3: the file could not be used, and why.`,
  summary: 'the settings of this person on this machine',
  async run(words, output, signal) {
    const { values } = parseArgs({ args: [...words], options: { json: { type: 'boolean' } } })
    return withService(async (client) => show(await client.settings.get({}, { signal }), values.json === true, output))
  },
}

export const settingsSet: Command = {
  name: 'settings set',
  usage: `everyhop settings set <name> <value>

Changes one setting. Windows that are open follow when they ask again.

${Object.entries(settingTitles)
  .map(([name, title]) => `  ${name.padEnd(25)}${title}`)
  .join('\n')}`,
  summary: 'changes one setting',
  async run(words, output, signal) {
    const [name, text, ...more] = parseArgs({ args: [...words], options: {}, allowPositionals: true }).positionals
    if (name === undefined || text === undefined || more.length > 0) {
      throw new UsageError('say a name and a value, such as: settings set theme dark')
    }
    const change = changeOf(name, text)
    return withService(async (client) => show(await client.settings.put(change, { signal }), false, output))
  },
}

function changeOf(name: string, text: string): SettingsChange {
  if (!isSetting(name)) throw new UsageError(`there is no setting ${plainText(name)}; there are ${names.join(', ')}`)
  const read = settingsSchema.shape[name].safeParse(valueOf(text))
  if (!read.success) throw new UsageError(`${name}: ${settingTitles[name]}`)
  return { [name]: read.data }
}

function isSetting(name: string): name is keyof Settings {
  return names.includes(name)
}

function valueOf(text: string): unknown {
  if (text === 'none') return null
  if (text === 'true' || text === 'false') return text === 'true'
  return /^\d{1,9}$/.test(text) ? Number(text) : text
}

function show(answer: SettingsAnswer, isJson: boolean, output: Output) {
  if (isJson) output.out(`${jsonText(answer)}\n`)
  else output.out(columns(Object.entries(answer.settings).map(([name, value]) => [name, String(value ?? 'none')])))
  const problem = settingsProblemSentence(answer)
  if (problem !== null) output.err(`everyhop: ${plainText(problem)}\n`)
  return problem === null ? exitCodes.done : exitCodes.gaps
}
