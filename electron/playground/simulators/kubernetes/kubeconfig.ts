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
  /** As a kubeconfig has them: `token`, or `client-certificate-data` and `client-key-data`. */
  readonly credentials: Readonly<Record<string, string>>
}

/** Writes a kubeconfig with everything in it, readable by its user only. */
export async function writeKubeconfig({
  file,
  cluster,
  server,
  ca,
  user,
  credentials,
}: KubeconfigOrder): Promise<void> {
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
    users: [{ name: user, user: credentials }],
    contexts: [{ name: context, context: { cluster, user } }],
    'current-context': context,
  })
  await writeFile(file, text, { mode: 0o600 })
}
