import { KubeConfig, type KubernetesObject, KubernetesObjectApi } from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
})

/** What an administrator does with a manifest that somebody hands over: `kubectl apply -f -`. */
export async function applyManifest(text: string, adminKubeconfig: string): Promise<void> {
  const config = new KubeConfig()
  config.loadFromFile(adminKubeconfig)
  const api = KubernetesObjectApi.makeApiClient(config)
  for (const document of parseAllDocuments(text)) {
    const object: KubernetesObject = manifest.parse(document.toJS())
    await api.create(object)
  }
}
