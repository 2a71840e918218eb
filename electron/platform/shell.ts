import { type Keyring, type Shell, ShellRefusal } from '../../shared/shell.ts'

/**
 * The shell where there is no desktop: nobody can be shown a dialog, and no key is kept. Everything says so, in the words of
 * its place; secrets are then kept under a passphrase, and files are named by their paths.
 */
export function placelessShell(place: 'web' | 'terminal'): Shell {
  const where = place === 'web' ? 'in the web host' : 'on the command line'
  const instead =
    place === 'web' ? 'Type its path in the page instead.' : 'Give its path in the command instead; --help says how.'
  const unavailable = (sentence: string): Promise<never> => Promise.reject(new ShellRefusal('unavailable', sentence))
  const noDialog = `There are no dialogs ${where}. ${instead}`
  const keyring: Keyring = {
    available: false,
    name: null,
    problem: `The operating system keeps no key for Everyhop ${where}: secrets are kept under a passphrase.`,
  }
  return {
    place,
    keyring: async () => keyring,
    seal: () => unavailable(`The operating system encrypts nothing ${where}.`),
    unseal: () => unavailable(`The operating system decrypts nothing ${where}.`),
    chooseFile: () => unavailable(noDialog),
    onPower: () => () => {},
  }
}
