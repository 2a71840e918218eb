import { refusalIn } from '../../../shared/domain/evidence/admission-words.ts'
import { type Making, timeText } from './artefact-of.ts'
import { factSpans } from './fact-spans.ts'

/**
 * What controllers were refused, such as a ReplicaSet that may not make its pods, as Events of the cluster told it while it was
 * watched. The audit log has the same requests, one by one: only without it they are what deviated.
 */
export async function writeAdmissionEvents({ sources, period, to }: Making, isAudited: boolean): Promise<void> {
  for (const { latest: fact, from } of factSpans(sources.history, period, 'kubernetes-event')) {
    // It may be remembered from before, and be told of again in the period: Kubernetes counts on in the same Event.
    if (fact.lastAt !== null && fact.lastAt < period.from) continue
    const refusal = refusalIn(fact.message)
    if (refusal === null) continue
    const { kind, policy, binding, why } = refusal
    await to.line(
      'events',
      {
        at: timeText(fact.lastAt ?? from),
        cluster: fact.cluster,
        reason: fact.reason,
        regarding: fact.regarding,
        // Kubernetes counts on in the same Event; what was read is what is known.
        countAtLeast: fact.count,
        admission: { kind, policy, binding, action: 'deny', message: why },
      },
      !isAudited,
    )
  }
}
