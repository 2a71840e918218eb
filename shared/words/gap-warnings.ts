/** What is read and yet not whole, or will not be for long: told beside the gaps, and not as something that could not be read. */
interface Warning {
  /** After the source and its name; the detail follows it, quoted. */
  readonly says: string
  readonly advice: string
}

const warnings: Readonly<Record<string, Warning>> = {
  'own-svid-expiring': {
    says: 'Everyhop’s own SVID expires soon',
    advice: 'Renew it with the command that is named; the new file is taken by itself.',
  },
  'log-clock': {
    says: 'its times and this computer’s clock differ',
    advice: 'Set the clock of the machine that writes this log, or of this one.',
  },
  'log-pairs': {
    says: 'not all of its requests are in the sums',
    advice: 'Give Everyhop a log of fewer workloads, or one log for each.',
  },
  'log-raw': {
    says: 'it holds secrets in plain text',
    advice: 'Let Vault’s audit device write hashes (log_raw=false), and guard this file.',
  },
  'log-window': {
    says: 'only a part of the window is counted',
    advice: 'Shorten the window, or wait until it is whole.',
  },
  'log-lines': {
    says: 'lines of it are not counted',
    advice: 'Check that it is the log that the source is set up for, in the format that is asked for.',
  },
  'log-turn': {
    says: 'it is followed in turns',
    advice: 'Select its workload to follow it now.',
  },
}

/** null: it is a gap. */
export function warningOf(what: string): Warning | null {
  return Object.hasOwn(warnings, what) ? (warnings[what] ?? null) : null
}

export const warningCodes: readonly string[] = Object.keys(warnings)
