import { writeKubeconfig as write } from '../../../electron/playground/simulators/kubernetes/kubeconfig.ts'
import type { Issued } from './authority.ts'
import { clusterName } from './names.ts'
import type { ClusterPlan } from './plan.ts'

export type Credential = { readonly issued: Issued } | { readonly token: string }

/** Writes a kubeconfig of the lab's cluster with everything in it, readable by its user only. */
export async function writeKubeconfig(
  file: string,
  cluster: ClusterPlan,
  ca: string,
  user: string,
  credential: Credential,
): Promise<void> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const credentials =
    'token' in credential
      ? { token: credential.token }
      : {
          'client-certificate-data': base64(credential.issued.certificate),
          'client-key-data': base64(credential.issued.key),
        }
  const server = `https://${cluster.address}:${cluster.apiPort}`
  await write({ file, cluster: clusterName, server, ca, user, credentials })
}
