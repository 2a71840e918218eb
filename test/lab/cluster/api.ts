import { Agent, request } from 'node:https'
import { z } from 'zod'
import type { Manifest } from '../../../electron/playground/simulators/kubernetes/objects/pod-shape.ts'
import type { Issued } from './authority.ts'
import type { ClusterPlan } from './plan.ts'

export type { Manifest } from '../../../electron/playground/simulators/kubernetes/objects/pod-shape.ts'

/** The lab's own hand on its cluster, as cluster-admin. Everyhop never has this. */
export interface KubernetesApi {
  /** Rejects with the server's words. What exists already is left as it is. Gives the object's uid. */
  create(manifest: Manifest): Promise<string>
  replace(manifest: Manifest): Promise<void>
  /** JSON merge patch. */
  patch(path: string, body: object): Promise<void>
  /** What is not there is as good as removed. */
  remove(manifest: Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>): Promise<void>
  /** GET of any path; the caller parses. */
  get(path: string): Promise<unknown>
  post(path: string, body: object): Promise<unknown>
  close(): void
}

const plurals: Readonly<Record<string, string>> = {
  EndpointSlice: 'endpointslices',
  NetworkPolicy: 'networkpolicies',
  ClusterStaticEntry: 'clusterstaticentries',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
}
const statusWire = z.object({ message: z.string() })
const createdWire = z.object({ metadata: z.object({ uid: z.string() }) })
const versionWire = z.object({ metadata: z.object({ resourceVersion: z.string() }) })

export function collectionPath(manifest: Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>): string {
  const root = manifest.apiVersion.includes('/') ? `/apis/${manifest.apiVersion}` : `/api/${manifest.apiVersion}`
  const plural = plurals[manifest.kind] ?? `${manifest.kind.toLowerCase()}s`
  const { namespace } = manifest.metadata
  return namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`
}

export function objectPath(manifest: Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>): string {
  return `${collectionPath(manifest)}/${manifest.metadata.name}`
}

export function openKubernetesApi(cluster: ClusterPlan, ca: string, admin: Issued): KubernetesApi {
  const agent = new Agent({ ca, cert: admin.certificate, key: admin.key, keepAlive: true, maxSockets: 16 })

  const once = (method: string, path: string, type: string, body?: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
      const call = request(
        {
          agent,
          host: cluster.address,
          port: cluster.apiPort,
          method,
          path,
          timeout: 15_000,
          headers: sent === undefined ? {} : { 'content-type': type, 'content-length': sent.length },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
          )
        },
      )
      call.on('timeout', () => call.destroy(new Error('no answer within 15 s')))
      call.on('error', reject)
      call.end(sent)
    })

  const call = async (method: string, path: string, body?: object, type = 'application/json'): Promise<unknown> => {
    for (let tries = 1; ; tries += 1) {
      const answer = await once(method, path, type, body)
      if (answer.status < 300) return answer.text === '' ? undefined : parseAnswer(answer.text)
      // A kind that was made just now: "storage is (re)initializing".
      if (answer.status === 429 && tries < 100) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        continue
      }
      throw new ApiRefusal(answer.status, `Kubernetes: ${method} ${path} answered ${answer.status}: ${words(answer)}`)
    }
  }

  return {
    create: async (manifest) => {
      try {
        return createdWire.parse(await call('POST', collectionPath(manifest), manifest)).metadata.uid
      } catch (error) {
        if (!(error instanceof ApiRefusal) || error.status !== 409) throw error
        return createdWire.parse(await call('GET', objectPath(manifest))).metadata.uid
      }
    },
    replace: async (manifest) => {
      const { resourceVersion } = versionWire.parse(await call('GET', objectPath(manifest))).metadata
      const metadata = { ...manifest.metadata, resourceVersion }
      await call('PUT', objectPath(manifest), { ...manifest, metadata })
    },
    patch: async (path, body) => {
      await call('PATCH', path, body, 'application/merge-patch+json')
    },
    remove: async (manifest) => {
      await call('DELETE', objectPath(manifest)).catch((error: unknown) => {
        if (!(error instanceof ApiRefusal) || error.status !== 404) throw error
      })
    },
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    close: () => agent.destroy(),
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

class ApiRefusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** `/readyz` answers plain text; everything else is JSON. */
function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function words(answer: Answer): string {
  const parsed = statusWire.safeParse(parseAnswer(answer.text))
  return parsed.success ? parsed.data.message : answer.text.slice(0, 400)
}
