import type { Gap, GapReason } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { receivedLogId } from '../../core/ports.ts'
import type { ReceiverState } from '../../core/receiver-state.ts'

/** What of a receiver is not as it should be, in words; counts that do not grow any more are forgotten after a window. */
export interface ReceiverGaps {
  /** `unsummed`: uploads that are kept and in no sum. */
  of(state: ReceiverState, unsummed: number, now: EpochMs): readonly Gap[]
}

export function createReceiverGaps(place: string, windowMs: number): ReceiverGaps {
  const grown = new Map<string, { readonly count: number; readonly at: EpochMs }>()

  /** Whether a count has grown within the window. */
  function isGrowing(name: string, count: number, now: EpochMs): boolean {
    const before = grown.get(name) ?? { count: 0, at: Number.NEGATIVE_INFINITY }
    const at = count > before.count ? now : before.at
    grown.set(name, { count, at })
    return at > now - windowMs
  }

  return {
    of({ refused, unauthenticated, postponed, forward }, unsummed, now) {
      const gaps: Gap[] = []
      const add = (what: string, reason: GapReason, detail: string): void => {
        gaps.push({ source: 'logs', instance: receivedLogId, what, reason, detail, at: now })
      }
      if (isGrowing('unauthenticated', unauthenticated, now)) {
        add('log-senders', 'forbidden', `${unauthenticated} uploads to ${place} came without the token of --token-file`)
      }
      if (isGrowing('refused', refused, now)) {
        add('log-uploads', 'invalid', `${refused} uploads to ${place} are no decision log: not gzip, or too large`)
      }
      if (isGrowing('postponed', postponed, now)) {
        const detail = `${postponed} uploads to ${place} could not be kept now, and their senders were asked to come again`
        add('log-uploads', 'timed-out', detail)
      }
      if (isGrowing('unsummed', unsummed, now)) {
        const detail = `${unsummed} uploads came faster than they are summed, or are too long for that: they are kept and in no sum`
        add('log-sums', 'timed-out', detail)
      }
      if (forward !== null && forward.problem !== null) {
        const detail = `${forward.problem}; ${kilobytes(forward.waitingBytes)} wait on the disk and are sent on when it takes them`
        add('log-forward', 'unreachable', detail)
      }
      if (forward !== null && forward.refusedBytes > 0) {
        const why = forward.refusal ?? `${forward.to} refused them before this start`
        const detail = `${why}; ${kilobytes(forward.refusedBytes)} that it does not take as they are stay on the disk and are sent again each hour`
        add('log-forward-refused', 'unsupported', detail)
      }
      return gaps
    },
  }
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000)} kB`
}
