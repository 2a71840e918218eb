import { unsignedPod, unsignedServiceAccount } from '../../../../electron/playground/faults/unsigned-image.ts'
import { admissionBinding } from '../../../../electron/playground/simulators/kubernetes/objects/identities.ts'
import type { LabControls } from '../../controls.ts'
import { clusterOf } from './cluster-of.ts'

const objects = [unsignedServiceAccount, unsignedPod] as const

/** What the policy refuses is only noted from now on; the API server admits the pod, and kwok says that it runs. */
export async function inject(lab: LabControls): Promise<void> {
  const { api } = clusterOf(lab)
  await api.replace(admissionBinding(['Audit']))
  for (const manifest of objects) await api.create(manifest)
}

export async function heal(lab: LabControls): Promise<void> {
  const { api } = clusterOf(lab)
  for (const manifest of objects.toReversed()) await api.remove(manifest)
  await api.replace(admissionBinding())
}
