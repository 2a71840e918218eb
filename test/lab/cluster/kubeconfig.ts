import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
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
  const text = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: clusterName,
        cluster: {
          server: `https://${cluster.address}:${cluster.apiPort}`,
          'certificate-authority-data': base64(ca),
        },
      },
    ],
    users: [
      {
        name: user,
        user:
          'token' in credential
            ? { token: credential.token }
            : {
                'client-certificate-data': base64(credential.issued.certificate),
                'client-key-data': base64(credential.issued.key),
              },
      },
    ],
    contexts: [{ name: `${user}@${clusterName}`, context: { cluster: clusterName, user } }],
    'current-context': `${user}@${clusterName}`,
  })
  await writeFile(file, text, { mode: 0o600 })
}
