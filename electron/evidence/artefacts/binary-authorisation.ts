import { isAdmissionReview } from '../../../shared/domain/evidence/admission-reviews.ts'
import { createTally } from '../../../shared/domain/evidence/growth.ts'
import type { StoredKubernetesAudit } from '../../core/log-store.ts'
import { writeAdmissionEvents } from './admission-events.ts'
import { artefactOf, limitation, type Making, timeText } from './artefact-of.ts'
import { factSpans } from './fact-spans.ts'
import { logEmitters, madeOfLog } from './log-population.ts'
import { walkSealed } from './sealed-lines.ts'

/** Violations that are listed for reading; every one of them is among the lines. */
const mostListed = 10_000

/** Every request to run something that admission was asked about, with what it refused or warned of, and what ran at the end. */
export const binaryAuthorisation = artefactOf('binary-authorisation', true, async (making) => {
  const { sources, period, to } = making
  const emitters = logEmitters(sources, period, 'kubernetes-audit')
  const tally = createTally<{
    namespace: string | null
    resource: string | null
    outcome: string
    policy: string | null
  }>()
  let notUnderstood = 0
  let reviews = 0
  const listed: StoredKubernetesAudit[] = []
  const walked = await walkSealed(making, 'kubernetes-audit', ({ line }) => {
    const event = sources.understand('kubernetes-audit', line)
    if (event?.record !== 'kubernetes-audit') {
      notUnderstood += 1
      return 'leaf'
    }
    if (!isAdmissionReview(event)) return 'leaf'
    reviews += 1
    const { admission, namespace, resource } = event
    tally.add({ namespace, resource, outcome: admission?.action ?? 'admitted', policy: admission?.policy ?? null })
    if (admission !== null && listed.length < mostListed) listed.push(event)
    return admission === null ? 'line' : 'exception'
  })
  for (const counted of tally.lines()) {
    await to.line('counts', { ...counted })
    await to.row(
      'counts',
      ['namespace', 'resource', 'outcome', 'policy', 'requests'],
      [counted.namespace, counted.resource, counted.outcome, counted.policy, counted.count],
    )
  }
  for (const event of listed) await writeViolation(making, event)
  await writeAdmissionEvents(making, emitters.expected.length > 0)
  await writePolicies(making)
  const unverified = await writeImages(making)
  return {
    ...madeOfLog('kubernetes-audit', period, emitters, walked, {
      // Only reading the lines tells which of them are reviews: before that there are at most so many.
      method: making.isPlan ? 'method.estimated' : 'method.admission-reviews',
      count: making.isPlan ? walked.taken : reviews + walked.gone + walked.changed,
      limitations: [
        limitation('audit-level'),
        limitation('warnings-not-told'),
        limitation('admission-webhook-outage'),
        ...(unverified > 0 ? [limitation('images-not-verified', { images: unverified })] : []),
        ...(notUnderstood > 0 ? [limitation('lines-not-understood', { lines: notUnderstood })] : []),
      ],
    }),
    ...(making.isPlan ? { records: null } : {}),
  }
})

async function writeViolation({ to }: Making, event: StoredKubernetesAudit): Promise<void> {
  const { at, namespace, resource, name, user, admission, images } = event
  await to.row(
    'violations',
    ['at', 'namespace', 'resource', 'name', 'user', 'action', 'policy', 'binding', 'message', 'images'],
    [
      timeText(at),
      namespace,
      resource,
      name,
      user,
      admission?.action ?? null,
      admission?.policy ?? null,
      admission?.binding ?? null,
      admission?.message ?? null,
      images.join(' '),
    ],
  )
}

/** The policies that were asked, as the cluster had them. */
async function writePolicies({ sources, period, to }: Making): Promise<void> {
  for (const { fact, from, to: end } of factSpans(sources.history, period, 'admission-policy')) {
    await to.line('policies', {
      cluster: fact.cluster,
      name: fact.name,
      resourceVersion: fact.resourceVersion,
      failurePolicy: fact.failurePolicy,
      namespaces: fact.namespaces,
      validations: fact.validations,
      bindings: fact.bindings,
      from: timeText(from),
      to: timeText(end),
    })
  }
}

/** What ran at the end of the period, with what is known of its signatures. Gives of how many nothing is. */
async function writeImages({ sources, period, to, isPlan }: Making): Promise<number> {
  if (isPlan) return 0
  const graph = await sources.graphAt(period.to)
  if (graph === null) return 0
  let unverified = 0
  for (const { id, name, slots } of graph.workloads) {
    const { image } = slots
    if (image.kind === 'none') continue
    const isFailing = image.kind === 'value' && image.tone === 'failing'
    if (image.kind === 'unknown') unverified += 1
    await to.line(
      'images',
      {
        workload: id,
        name,
        image: image.kind === 'value' ? image.text : image.last,
        known: image.kind === 'value',
        tone: image.kind === 'value' ? image.tone : null,
        reason: image.reason,
      },
      isFailing,
    )
  }
  return unverified
}
