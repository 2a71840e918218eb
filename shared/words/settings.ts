import type { Settings, SettingsAnswer } from '../contract/settings.ts'
import { assertNever } from '../lib/assert-never.ts'

/** What each setting is about, for people. */
export const settingTitles: Readonly<Record<keyof Settings, string>> = {
  theme: 'colours of the window: system, dark or light',
  startScreen: 'what the window opens with: graph, diagnose or environments',
  motion: 'movement on screen: system, reduced or full',
  singleKeys: 'keys without a modifier, such as n for the next problem: true or false',
  defaultEnvironment: 'the environment that opens first; none: the first that can be used',
  lockSecretsAfterMinutes: 'minutes without use after which the secrets are locked; none: when Everyhop ends',
  opaPath: 'whole path of the opa program; none: that on PATH, or what Everyhop got',
  regalPath: 'whole path of the regal program; none: that on PATH, or what Everyhop got',
}

/** What is wrong with the file of settings; null: nothing. */
export function settingsProblemSentence({ problem, file }: SettingsAnswer): string | null {
  if (problem === null) return null
  switch (problem.code) {
    case 'newer':
      return `A newer Everyhop wrote ${file} (${problem.detail}). It is shown as far as it is understood, and not changed.`
    case 'broken': {
      const kept = problem.keptAs === null ? '' : ` It is kept as ${problem.keptAs}.`
      return `The settings in ${file} could not be understood (${problem.detail}), so the usual ones hold.${kept}`
    }
    case 'unreadable':
      return `The settings cannot be read or written, so the usual ones hold: ${problem.detail}.`
    default:
      return assertNever(problem.code)
  }
}
