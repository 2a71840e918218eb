import type { NotKept } from '../../shared/contract/system.ts'
import { Failure } from '../core/failure.ts'
import type { Log } from '../core/ports.ts'
import { composeService } from './compose.ts'
import { defaultDataFolder } from './data-folder.ts'
import type { ServiceRouter } from './router.ts'
import { openSharedService, type SharedOptions } from './shared-service.ts'

export interface WindowService {
  readonly router: ServiceRouter
  readonly log: Log
  stop(): Promise<void>
}

/**
 * The service of a window: with the memory of the data folder, or without any when that cannot be used. A window without memory is
 * better than none, such as beside an older version that has the folder; what it lacks is in `system.info`, and never only in a log.
 */
export async function openWindowService(options: SharedOptions & { readonly home: string }): Promise<WindowService> {
  try {
    return await openSharedService(options)
  } catch (reason) {
    const notKept = notKeptBy(options.data ?? defaultDataFolder(options.home), reason)
    const { host, home, shell, playground } = options
    const alone = composeService(host, home, null, shell, playground, notKept)
    alone.log.warn('nothing is kept by this window', { reason: String(reason) })
    return alone
  }
}

function notKeptBy(folder: string, reason: unknown): NotKept {
  if (!(reason instanceof Failure)) {
    const words = reason instanceof Error ? reason.message : String(reason)
    return { folder, reason: `The folder ${folder} cannot be used: ${words}.`, advice: `Correct that. ${again}` }
  }
  // The advice that comes with it is for a terminal, but for a folder that is not ours to write.
  const advice =
    reason.code === 'locked' || reason.code === 'unsupported-version'
      ? 'End the other Everyhop, then start this one again.'
      : `${reason.advice ?? ''} ${again}`.trim()
  return { folder, reason: reason.message.replace(/(?<![.!?])$/, '.'), advice }
}

const again = 'Then start Everyhop again.'
