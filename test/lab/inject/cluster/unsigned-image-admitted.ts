import { unsignedPod, unsignedServiceAccount } from '../../../../electron/playground/faults/unsigned-image.ts'
import { admissionBinding } from '../../../../electron/playground/simulators/kubernetes/objects/identities.ts'
import type { LabControls } from '../../controls.ts'
import { waitFor } from '../../processes.ts'
import { clusterOf } from './cluster-of.ts'

/** What the policy refuses is only noted from now on; the API server admits the pod, and kwok says that it runs. */
export async function inject(lab: LabControls): Promise<void> {
  const { api } = clusterOf(lab)
  await api.replace(admissionBinding(['Audit']))
  await api.create(unsignedServiceAccount)
  // The API server learns of a binding by watching it, a moment after it was changed.
  await waitFor('the admission policy lets the pod in', () => api.create(unsignedPod), {
    timeoutMs: 20_000,
    everyMs: 100,
  })
}

export async function heal(lab: LabControls): Promise<void> {
  const { api } = clusterOf(lab)
  for (const manifest of [unsignedPod, unsignedServiceAccount]) await api.remove(manifest)
  await api.replace(admissionBinding())
}
