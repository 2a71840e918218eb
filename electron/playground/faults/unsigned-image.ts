const name = 'table-export'
const namespace = 'tools'

/** A pod of nobody: no stage, no Envoy, no identity. Its image has a tag that anyone may point elsewhere, and no digest. */
export const unsignedPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${name}-1`, namespace, labels: { 'app.kubernetes.io/name': name } },
  spec: {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    nodeName: 'node-b',
    containers: [{ name: 'app', image: `registry.pipeline.example/${name}:latest` }],
  },
}

/** Its own, so that it can be taken for no other workload's pod. */
export const unsignedServiceAccount = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace },
  automountServiceAccountToken: false,
}
