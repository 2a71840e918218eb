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
  'log-late': {
    says: 'its records come too late to be counted',
    advice: 'Let their sender send sooner, or count over a longer window (windowSeconds).',
  },
  'log-senders': {
    says: 'it refused senders that showed no right token',
    advice: 'Give those senders the token of the file that --token-file names.',
  },
  'log-uploads': {
    says: 'it did not take some uploads',
    advice: 'Look at what sends them, and at the room on the disk.',
  },
  'log-sums': {
    says: 'some uploads are kept and not counted',
    advice: 'Let OPA send smaller uploads, or to more than one Everyhop.',
  },
  'log-forward': {
    says: 'decision logs wait to be sent on',
    advice: 'Look at the service that --forward names, and at what is before it.',
  },
  'log-forward-refused': {
    says: 'some decision logs that were sent on are refused',
    advice: 'Let that service take uploads of this size and kind: they are sent again each hour.',
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
