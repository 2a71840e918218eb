import type { EpochMs } from '../../shared/domain/model/time.ts'
import { UsageError } from './command.ts'
import { type ServiceChoice, usualFolder } from './connection.ts'
import { parseMoment } from './moment.ts'

/**
 * The time that is asked about, and the service that may remember it: the Everyhop that runs, else one that reads what is kept in
 * the data folder. null: now, for which whoever asks has its own choice. Throws `UsageError`.
 */
export async function momentOf(
  values: {
    readonly at?: string | undefined
    readonly live?: boolean
    readonly data?: string | undefined
  },
  option = '--at',
): Promise<{ readonly at: EpochMs | null; readonly choice: Pick<ServiceChoice, 'data' | 'live'> }> {
  const live = values.live ?? false
  if (values.at === undefined) return { at: null, choice: { live } }
  if (live) throw new UsageError(`with --live nothing is remembered, so it cannot be used with ${option}`)
  const { systemClock } = await import('../platform/clock.ts')
  return {
    at: parseMoment(values.at, systemClock.now(), option),
    choice: { data: values.data ?? (await usualFolder()) },
  }
}
