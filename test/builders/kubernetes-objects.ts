import type { ApiObject } from './kubernetes-api.ts'

export interface PodParts {
  readonly image?: string
  readonly args?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly ready?: boolean
}

/** A pod as the API writes it, with the fields that a real one has and that nobody reads. */
export function podObject(namespace: string, name: string, parts: PodParts = {}): ApiObject {
  const ready = parts.ready ?? true
  const address = `10.${name.length % 250}.0.${(namespace.length + name.length) % 250}`
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: `uid-${namespace}-${name}`,
      creationTimestamp: '2026-11-01T10:00:00Z',
      labels: parts.labels ?? { 'app.kubernetes.io/name': name },
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': '{"spec":{"env":[{"name":"X","value":"canary-env"}]}}',
      },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-5d9`, uid: 'u', controller: true }],
      managedFields: [{ manager: 'kubelet', operation: 'Update', fieldsV1: { 'f:status': { 'f:phase': {} } } }],
    },
    spec: {
      serviceAccountName: name,
      nodeName: 'node-a',
      containers: [
        {
          name: 'app',
          image: parts.image ?? `registry.example/${name}:1`,
          args: parts.args ?? [],
          env: [{ name: 'PASSWORD', value: 'canary-env' }],
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        },
      ],
    },
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [{ name: 'app', imageID: 'sha256:1', ready, restartCount: 2, state: { running: {} } }],
    },
  }
}
