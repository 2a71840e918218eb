import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'

export interface KubeconfigOrder {
  readonly file: string
  readonly cluster: string
  /** `https://127.0.0.1:6443` */
  readonly server: string
  /** PEM */
  readonly ca: string
  readonly user: string
  readonly token: string
}

/** Writes a kubeconfig with everything in it, readable by its user only. */
export async function writeKubeconfig({ file, cluster, server, ca, user, token }: KubeconfigOrder): Promise<void> {
  const context = `${user}@${cluster}`
  const text = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: cluster,
        cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: context, context: { cluster, user } }],
    'current-context': context,
  })
  await writeFile(file, text, { mode: 0o600 })
}
