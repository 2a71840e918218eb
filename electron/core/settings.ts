import {
  defaultSettings,
  type Settings,
  type SettingsAnswer,
  type SettingsChange,
  type SettingsProblem,
} from '../../shared/contract/settings.ts'
import { Failure } from './failure.ts'
import type { Log, StateFile } from './ports.ts'
import { type ReadSettings, readSettings, settingsText, settingsVersion } from './settings-upgrades.ts'
import { StateFileFailure, stateFailure } from './state-failure.ts'

/** The settings namespace of the contract. */
export interface SettingsHandlers {
  get(): Promise<SettingsAnswer>
  put(change: SettingsChange): Promise<SettingsAnswer>
}

/**
 * Settings of this person on this machine, in one file. A file of an older version is upgraded when it is first read, and kept
 * beside; one that cannot be understood is put aside, which is told until the service ends or somebody chooses something.
 */
export function createSettings(file: StateFile, log: Log): SettingsHandlers {
  let broken: SettingsProblem | null = null

  function answer(settings: Settings, isNew: boolean, problem: SettingsProblem | null): SettingsAnswer {
    return { settings, file: file.path, isNew, problem: problem ?? broken }
  }

  /** Brings the file to the present version, under the lock; whoever was first did it already. */
  async function bringUp(): Promise<void> {
    const details: string[] = []
    const keptAs = await file.update(async (text) => {
      const found = text === null ? null : readSettings(text)
      if (found?.kind === 'upgraded') {
        log.info('the settings were upgraded', { from: found.from, to: settingsVersion })
        return { text: settingsText(found.settings), putAside: `.v${found.from}` }
      }
      if (found?.kind !== 'broken') return null
      details.push(found.detail)
      return { text: null, putAside: '.broken' }
    })
    for (const detail of details) broken = { code: 'broken', detail, keptAs }
  }

  async function get(): Promise<SettingsAnswer> {
    try {
      const found = await readFile()
      if (found === null) return answer(defaultSettings, true, null)
      switch (found.kind) {
        case 'current':
          return answer(found.settings, false, null)
        case 'newer':
          return answer(found.settings, false, newerProblem(found.version))
        case 'upgraded':
          return await upgraded(found.settings)
        case 'broken':
          await bringUp()
          return answer(defaultSettings, true, broken)
      }
    } catch (reason) {
      if (!(reason instanceof StateFileFailure)) throw reason
      return answer(defaultSettings, false, { code: 'unreadable', detail: reason.message, keptAs: null })
    }
  }

  /** Where it cannot be written, such as on a full disk, the old file still says the same. */
  async function upgraded(settings: Settings): Promise<SettingsAnswer> {
    try {
      await bringUp()
    } catch (reason) {
      if (!(reason instanceof StateFileFailure)) throw reason
      log.warn('the settings could not be upgraded', { reason: reason.message })
    }
    return answer(settings, false, null)
  }

  async function readFile(): Promise<ReadSettings | null> {
    const text = await file.read()
    return text === null ? null : readSettings(text)
  }

  return {
    get,
    async put(change) {
      await get() // an older or broken file is brought up first, and kept
      try {
        await file.update(async (text) => {
          const found = text === null ? null : readSettings(text)
          if (found?.kind === 'newer') throw newerFailure(file.path, found.version)
          const before = found === null || found.kind === 'broken' ? defaultSettings : found.settings
          return {
            text: settingsText({ ...before, ...present(change) }),
            putAside: found?.kind === 'broken' ? '.broken' : null,
          }
        })
      } catch (reason) {
        throw stateFailure(reason, 'The settings')
      }
      broken = null
      return get()
    },
  }
}

/** Without the fields that are not to change. */
function present(change: SettingsChange): Partial<Settings> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

function newerProblem(version: number): SettingsProblem {
  const detail = `version ${version}; this Everyhop knows up to version ${settingsVersion}`
  return { code: 'newer', detail, keptAs: null }
}

function newerFailure(path: string, version: number): Failure {
  const sentence = `${path} was written by a newer Everyhop (${newerProblem(version).detail}).`
  return new Failure(
    'read-only',
    path,
    sentence,
    'Change the settings in that version; this one leaves the file alone.',
  )
}
