/**
 * What only the place that Everyhop runs in can do: the desktop's main process, the web host, the terminal. A small closed
 * interface; every implementation passes `test/conformance/shell-suite.ts`. What a place cannot do it says by rejecting with
 * `ShellRefusal` `unavailable`: nothing is imitated.
 */
export interface Shell {
  readonly place: 'desktop' | 'web' | 'terminal'
  /** Whether the operating system keeps a key for us. Never true for Chromium's `basic_text`, whose key everybody knows. */
  keyring(): Promise<Keyring>
  /** Encrypts with the operating system's key: base64. Rejects `unavailable` without a keyring. */
  seal(plain: string): Promise<string>
  /** The reverse. Rejects `refused` when the keyring is locked or the text was sealed by another account or machine. */
  unseal(sealed: string): Promise<string>
  /** The path that somebody chose; null: they chose none. */
  chooseFile(request: { readonly title: string; readonly extensions: readonly string[] }): Promise<string | null>
  /** Told when the machine sleeps and wakes, until the returned function is called. Places that cannot know tell nothing. */
  onPower(told: (event: PowerEvent) => void): () => void
}

export type PowerEvent = 'suspend' | 'resume'

export interface Keyring {
  readonly available: boolean
  /** The system's own name of it, such as `gnome_libsecret`, `keychain`, `dpapi`; null: there is none. */
  readonly name: string | null
  /** Why it cannot be used, for people; null: it can. */
  readonly problem: string | null
}

/** unavailable: this place cannot do it. refused: it could, and did not. cancelled: the other side ended. */
export type ShellRefusalReason = 'unavailable' | 'refused' | 'cancelled'

export class ShellRefusal extends Error {
  readonly reason: ShellRefusalReason
  constructor(reason: ShellRefusalReason, message: string) {
    super(message)
    this.name = 'ShellRefusal'
    this.reason = reason
  }
}
