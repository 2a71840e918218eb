import type { Timeline } from '../../../shared/contract/history.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { changeSentence } from '../../../shared/words/history-changes.ts'
import { formatTimeOf } from '../../../shared/words/moments.ts'
import { journalAction } from '../../../shared/words/policy-journal.ts'
import { seenAt } from '../../api/history.ts'

/** An event for those who do not see the axis: "03:12:07: model-server → tool-runtime, mTLS verified → handshake failing." */
export function eventSentence(entry: Timeline['events'][number], now: EpochMs): string {
  const time = formatTimeOf(seenAt(entry), now)
  return entry.kind === 'action'
    ? `${time}: ${journalAction(entry.action)} ${entry.phase}, by ${entry.actor}.`
    : `${time}: ${entry.event.change.name}, ${changeSentence(entry.event.change)}.`
}
