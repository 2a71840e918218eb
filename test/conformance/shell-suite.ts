import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PowerEvent, type Shell, ShellRefusal, type ShellRefusalReason } from '../../shared/shell.ts'

/** What the suite makes the place do, where it can: a person at the dialogs, a machine that sleeps. */
export interface Hands {
  /** The next dialog ends with this path; null: cancelled. */
  choose(path: string | null): void | Promise<void>
  lockKeyring(isLocked: boolean): void | Promise<void>
  power(event: PowerEvent): void | Promise<void>
}

export interface OpenShell {
  readonly shell: Shell
  /** null: the place can do nothing of this. */
  readonly hands: Hands | null
  close(): Promise<void>
}

const canary = 'canary-73f1-secret'

/** What every shell owes whoever asks it, whatever it can. */
export function shellSuite(name: string, open: () => Promise<OpenShell>): void {
  describe(name, () => {
    let opened: OpenShell
    let shell: Shell
    beforeAll(async () => {
      opened = await open()
      shell = opened.shell
    })
    afterAll(async () => {
      await opened.close()
    })

    async function refusalOf(work: Promise<unknown>): Promise<ShellRefusal> {
      const reason: unknown = await work.then(
        (value) => new Error(`it answered ${JSON.stringify(value)}`),
        (refused: unknown) => refused,
      )
      if (!(reason instanceof ShellRefusal)) throw new Error(`expected a refusal: ${String(reason)}`)
      expect(reason.message).toMatch(/^[A-Z].{20,}[.]$|https:/)
      expect(`${reason.message} ${reason.stack}`).not.toContain(canary)
      return reason
    }
    const reasonOf = async (work: Promise<unknown>): Promise<ShellRefusalReason> => (await refusalOf(work)).reason

    test('it says whether there is a keyring: by its name, or why not', async () => {
      const keyring = await shell.keyring()
      expect(keyring.name === null || keyring.name.length > 0).toBe(true)
      expect(['basic_text', 'unknown']).not.toContain(keyring.name)
      expect(keyring.available).toBe(keyring.problem === null)
      if (keyring.available) expect(keyring.name).not.toBeNull()
      else expect(keyring.problem).toMatch(/passphrase/)
    })

    test('what it seals is not readable and comes back, or it says that it cannot', async () => {
      const { available } = await shell.keyring()
      if (!available) {
        expect(await reasonOf(shell.seal(canary))).toBe('unavailable')
        expect(await reasonOf(shell.unseal(Buffer.from(canary).toString('base64')))).toBe('unavailable')
        return
      }
      for (const plain of [canary, '', 'ünïcödé 🔑\nsecond line', 'x'.repeat(100_000)]) {
        const sealed = await shell.seal(plain)
        expect(sealed).toMatch(/^[A-Za-z0-9+/]+=*$/)
        if (plain !== '') expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain(plain)
        expect(await shell.unseal(sealed)).toBe(plain)
      }
    })

    test('what was sealed by nobody is refused, and not quoted', async () => {
      if (!(await shell.keyring()).available) return
      for (const text of ['', 'no base64 §', Buffer.from(canary).toString('base64')]) {
        expect(await reasonOf(shell.unseal(text))).toBe('refused')
      }
    })

    test('a keyring that gets locked says so, and opens again', async () => {
      const { hands } = opened
      if (hands === null || !(await shell.keyring()).available) return
      const sealed = await shell.seal(canary)
      await hands.lockKeyring(true)
      expect(await shell.keyring()).toMatchObject({ available: false, problem: expect.stringContaining('locked') })
      expect(await reasonOf(shell.unseal(sealed))).toBe('unavailable')
      await hands.lockKeyring(false)
      expect(await shell.unseal(sealed)).toBe(canary)
    })

    test('a dialog gives the path that was chosen, null when none was, or there are no dialogs', async () => {
      const { hands } = opened
      const dialogs = [
        () => shell.chooseFile({ title: 'A kubeconfig', extensions: ['yaml', 'yml'] }),
        () => shell.chooseFile({ title: 'Any file', extensions: [] }),
      ]
      for (const dialog of dialogs) {
        if (hands === null) {
          expect(await reasonOf(dialog())).toBe('unavailable')
          continue
        }
        await hands.choose('a folder/chosen.yaml')
        expect(await dialog()).toBe('a folder/chosen.yaml')
        await hands.choose(null)
        expect(await dialog()).toBeNull()
      }
    })

    test('sleeping and waking is told until nobody wants to know', async () => {
      const heard: PowerEvent[] = []
      const stop = shell.onPower((event) => heard.push(event))
      await opened.hands?.power('suspend')
      await opened.hands?.power('resume')
      if (opened.hands !== null) await expect.poll(() => heard).toEqual(['suspend', 'resume'])
      stop()
      await opened.hands?.power('suspend')
      // Answers come in order: what would have been told was told before this.
      await shell.keyring()
      expect(heard).toEqual(opened.hands === null ? [] : ['suspend', 'resume'])
      stop()
    })
  })
}
