import { parseArgs } from 'node:util'
import type { Forecast, ForecastAuthority, Holders } from '../../shared/domain/diagnosis/forecast/model.ts'
import { runbooksOfForecast } from '../../shared/domain/diagnosis/runbooks.ts'
import { authorityLabels, rotationLabels } from '../../shared/words/diagnosis-forecast.ts'
import { formatMoment } from '../../shared/words/durations.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { type Command, UsageError } from './command.ts'
import { common, commonHelp, onService } from './diagnose.ts'
import { columns, plainText } from './text.ts'

export const diagnoseForecast: Command = {
  name: 'diagnose forecast',
  usage: `everyhop diagnose forecast --env <name> [--json]

What breaks next if nothing changes: SVIDs that are not renewed in time and the hops that end with them, and for every authority
who trusts it: who does not trust one that SPIRE prepares, who still trusts one that is tainted. Nothing is asked of any server
that is not read anyway.

  --env <name>      the environment; "everyhop env list" shows them. playground: started for the moment when none runs
${commonHelp.replace(/Exit code 0:.*$/s, 'Exit code 0: shown. 3: shown, but something of it is not known, which it says.')}`,
  summary: 'what breaks next if nothing changes',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({ args: [...words], options: common, allowPositionals: true })
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is too much`)
    const environment = values.env
    if (environment === undefined) throw new UsageError('say which environment with --env <name>')
    return onService(values, output, signal, async (client, _clock, at) => {
      const forecast = await client.diagnosis.forecast({ environment, at }, { signal })
      return { document: forecast, text: forecastText(forecast), isKnown: forecast.open.length === 0 }
    })
  },
}

export function forecastText(forecast: Forecast): string {
  const { failures, causes, identities, authorities, open } = forecast
  const [next] = failures.filter(({ isFailing }) => !isFailing)
  const failing = failures.filter(({ isFailing }) => isFailing).length
  const sentence = [
    ...(failing === 0 ? [] : [`${failing} ${failing === 1 ? 'hop fails' : 'hops fail'} already.`]),
    next === undefined
      ? 'Nothing is known that would make a hop fail by itself.'
      : `If nothing changes, the next hop fails at ${formatMoment(next.failsAt)}: ${next.from.name} → ${next.to.name}.`,
  ]
  return [
    `${plainText(sentence.join(' '))}\n`,
    section(
      'Why',
      columns(causes.map(({ name, failsAt, reason }) => [formatMoment(failsAt), name, reasonSentence(reason)])),
    ),
    section(
      'Hops',
      columns(
        failures.map(({ failsAt, isFailing, from, to, reason }) => [
          isFailing ? 'fails now' : formatMoment(failsAt),
          `${from.name} → ${to.name}`,
          reasonSentence(reason),
        ]),
      ),
    ),
    section(
      'SVIDs',
      columns(
        identities.map(({ name, rotation, agent }) => [
          name,
          rotationLabels[rotation.state],
          agent?.name ?? '-',
          reasonSentence(rotation.reason),
        ]),
      ),
    ),
    section('Authorities', columns(authorities.map(authorityRow))),
    section('Runbooks', columns(runbooksOfForecast(forecast).map((runbook) => [`docs/runbooks/${runbook}.md`]))),
    section('Not known', columns(open.map((reason) => [reasonSentence(reason)]))),
  ].join('')
}

function authorityRow(authority: ForecastAuthority): readonly string[] {
  const { trustDomain, role, state, reason, missing, stillTrusting } = authority
  return [
    trustDomain,
    role,
    authorityLabels[state],
    reasonSentence(reason),
    ...(missing.total === 0 ? [] : [`not yet: ${namesOf(missing)}`]),
    ...(stillTrusting.total === 0 ? [] : [`still: ${namesOf(stillTrusting)}`]),
  ]
}

function namesOf({ total, first }: Holders): string {
  const names = first.map(({ name }) => name).join(', ')
  return total > first.length ? `${names} and ${total - first.length} more` : names
}

function section(title: string, body: string): string {
  if (body === '') return ''
  const lines = body.split('\n').filter((line) => line !== '')
  return `\n${plainText(title)}\n${lines.map((line) => `  ${line}\n`).join('')}`
}
