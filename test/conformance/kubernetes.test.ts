import { kubernetesConnector } from '../../electron/connectors/kubernetes/index.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { kubernetesCanaries, startKubernetesApi } from '../builders/kubernetes-api.ts'
import { podObject } from '../builders/kubernetes-objects.ts'
import { connectorSuite } from './connector-suite.ts'

const parts = [
  'pods',
  'services',
  'endpointslices',
  'serviceaccounts',
  'namespaces',
  'nodes',
  'networkpolicies',
  'clusterspiffeids',
  'clusterstaticentries',
  'validatingadmissionpolicies',
  'events',
]

/** The real API server answers the same suite in kubernetes.lab.test.ts. */
connectorSuite({
  name: 'Kubernetes, on a generated API server,',
  connector: kubernetesConnector,
  ports: () => connectorPorts(),
  gapWithinMs: 8000,
  async startReal() {
    const api = await startKubernetesApi()
    const secret = 'canary-in-a-command'
    api.set('pods', podObject('edge', 'gateway'), podObject('ai', 'model', { args: ['--token', secret] }))
    api.set('namespaces', { metadata: { name: 'edge' } }, { metadata: { name: 'ai' } })
    return {
      address: api,
      sourceAt: (address) => ({ id: 'cluster', kubeconfig: api.kubeconfigAt(address) }),
      settings: { baseDirectory: '/', windowSeconds: 60 },
      scopes: parts.map((part) => `kubernetes/cluster/${part}`),
      canaries: [...kubernetesCanaries, secret],
      stop: () => api.close(),
    }
  },
})
