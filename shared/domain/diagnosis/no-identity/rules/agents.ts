import { isCurrent } from '../../../graph/instances/records.ts'
import { referenceTo } from '../../../graph/known.ts'
import type { Evidence } from '../../model.ts'
import { tellOfIdentity as tell } from '../reasons.ts'
import { heldAgainst, type IdentityView, newForMs, ofCandidate, ofFact } from '../view.ts'
import { found, type IdentityRule, ruledOut } from './rule.ts'

/** ID-14. */
export const agentBanned: IdentityRule = {
  id: 'agent-banned',
  cause: 'agent-banned',
  faults: [],
  examine({ agent, owner, until }) {
    const { attested, record } = agent
    if (record === null || attested === 'unknown') return null
    const reference = referenceTo(record)
    if (attested !== 'banned') {
      const said = tell('agent-is-attested', {
        agent: record.spiffeId,
        machine: agent.machine,
        notAfter: agent.svidNotAfter,
      })
      return attested === 'yes' ? ruledOut(said, ofFact(reference, said, 'contradiction')) : null
    }
    const said = tell('delivering-agent-banned', { owner, agent: record.spiffeId, until })
    return found(said, [ofFact(reference, said, 'decisive')])
  },
}

/** ID-13, ID-15. */
export const agentNotAttested: IdentityRule = {
  id: 'agent-not-attested',
  cause: 'agent-not-attested',
  faults: [],
  examine({ agent, owner, until, of }) {
    const { attested, record, fact, reason } = agent
    if (attested === 'expired' && record !== null) {
      const at = record.svidNotAfter ?? of.now
      const said = tell('agent-has-run-out', { owner, agent: record.spiffeId, at, until })
      return found(said, [ofFact(referenceTo(record), said, 'decisive')])
    }
    if (attested !== 'no' || fact === null || agent.machine === null) return null
    return found(tell('agent-unknown-to-server', { owner, machine: agent.machine, until }), [
      ofFact(fact, reason, 'contradiction'),
    ])
  },
}

/** ID-04, ID-16: SPIRE does not tell when an agent last synchronised. */
export const agentNotInSync: IdentityRule = {
  id: 'agent-not-in-sync',
  cause: 'agent-not-in-sync',
  faults: ['agent-down'],
  examine(view) {
    const { agent, owner, until, of, own, place } = view
    const { agentPod, machine, attested } = agent
    if (attested === 'banned' || attested === 'expired' || attested === 'no') return null
    if (agentPod !== null && !agentPod.ready && machine !== null && isCurrent(place?.cluster.parts.pods)) {
      const waiting = agentPod.containers.find(({ waitingReason }) => waitingReason !== null)?.waitingReason ?? null
      const pod = `${agentPod.namespace}/${agentPod.name}`
      return found(tell('agent-does-not-run', { owner, machine, waiting, until }), [
        ofFact(referenceTo(agentPod), tell('agent-pod-not-ready', { pod, waiting }), 'contradiction'),
      ])
    }
    const fresh = own.find(({ entry }) => entry.createdAt !== null && of.now - entry.createdAt < newForMs)
    if (fresh === undefined || own.length > 1) return null
    const said = tell('entry-is-new', { owner, entry: fresh.name, createdAt: fresh.entry.createdAt ?? of.now })
    return found(said, [ofCandidate(fresh, said, 'state-now')], { against: heldAgainst(view) })
  },
}

/** ID-17: its kubelet could not mount what leads to the Workload API, or nothing of the pod does as it does in others. */
export const socketNotMounted: IdentityRule = {
  id: 'socket-not-mounted',
  cause: 'socket-not-mounted',
  faults: [],
  examine(view) {
    const { owner, place } = view
    if (place === null) return null
    const pod = `${place.pod.namespace}/${place.pod.name}`
    const refused = mountFailure(view)
    if (refused !== null) {
      const { evidence, message } = refused
      return found(tell('socket-not-mounted', { owner, pod, message }), [evidence], { against: heldAgainst(view) })
    }
    const { workloadApi } = place.pod
    const others = [...place.cluster.pods.values()].filter(
      (each) => each.workloadApi === 'csi' || each.workloadApi === 'host-path',
    )
    if (workloadApi !== 'none' || others.length === 0) return null
    return found(
      tell('no-way-to-workload-api', { owner, pod }),
      [
        ofFact(
          referenceTo(place.pod),
          tell('pod-mounts-nothing', { pod, others: others.length }),
          isCurrent(place.cluster.parts.pods) ? 'contradiction' : 'state-now',
        ),
      ],
      { against: heldAgainst(view) },
    )
  },
}

/** Of the kubelet, by the driver and the folders that the SPIFFE CSI driver and SPIRE's documentation use. */
function mountFailure({ of, place }: IdentityView): { readonly evidence: Evidence; readonly message: string } | null {
  if (place === null || place.pod.ready) return null
  const event = of.events.find(
    ({ fact: { reason, message, regarding } }) =>
      regarding.kind === 'Pod' &&
      regarding.namespace === place.pod.namespace &&
      regarding.name === place.pod.name &&
      (reason === 'FailedMount' || reason === 'FailedAttachVolume') &&
      /csi\.spiffe\.io|spire|spiffe/i.test(message),
  )
  if (event === undefined) return null
  const { reason, message } = event.fact
  const said = tell('pod-event', { pod: `${place.pod.namespace}/${place.pod.name}`, reason, message })
  const weight = isCurrent(event.scope) ? 'contradiction' : 'state-now'
  return { message, evidence: ofFact(referenceTo(event.fact), said, weight, message) }
}
