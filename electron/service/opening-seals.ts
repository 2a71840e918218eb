import { join } from 'node:path'
import type { Clock, Log } from '../core/ports.ts'
import type { OpenSeals } from '../core/sealing.ts'
import { type DeviceKey, memoryDeviceKey, openDeviceKey } from '../history/seals/device-key.ts'
import { openSeals } from '../history/seals/open-seals.ts'
import type { DataFolder } from './data-folder.ts'

export interface SealsPlace {
  /** null: in memory. */
  readonly data: Pick<DataFolder, 'path'> | null
  /** Whether anything of an environment outlives this run. */
  readonly isKept: (environment: string) => boolean
  readonly clock: Clock
  readonly log: Log
}

/** Also of what is kept for less. Milliseconds. */
const leastLeavesMs = 30 * 86_400_000

/** One device key for all environments of a data folder. */
export function openingSeals({ data, isKept, clock, log }: SealsPlace): OpenSeals {
  let key: Promise<DeviceKey> | null = null
  const ownKey = (): Promise<DeviceKey> => {
    key ??= (data === null ? Promise.resolve(memoryDeviceKey()) : openDeviceKey(data.path, { clock, log })).catch(
      (reason: unknown) => {
        key = null // the next attempt reads it again
        throw reason
      },
    )
    return key
  }
  return async (environment, sources) =>
    openSeals({
      ...sources,
      environment,
      folder: data === null || !isKept(environment) ? null : join(data.path, 'seals', environment),
      key: await ownKey(),
      clock,
      log,
      // As long as what they are of, and what they are of is kept for as long as its file says now.
      get leavesKeptMs() {
        return Math.max(leastLeavesMs, sources.history?.state().retention.maxAgeMs ?? 0)
      },
    })
}
