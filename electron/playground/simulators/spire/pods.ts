import type { PodPlan, World } from '../../parts.ts'
import { clusterName, machineIpOf, podIpAt } from '../../world/addresses.ts'
import { createLineLog } from '../../world/line-log.ts'
import { controlNamespace, daemonPod, deployedPod, registry } from '../kubernetes/objects/names.ts'
import type { SpireSimulator } from './index.ts'
import { managerLines } from './manager-log.ts'
import { spireVersion } from './methods.ts'

const managerVersion = '0.6.4'

/** The server with its controller manager, and an agent on each machine. Health endpoints are declared and answered by nobody. */
export function spirePods(simulator: SpireSimulator, world: World): readonly PodPlan[] {
  const managerLog = createLineLog(1000)
  for (const line of managerLines(world)) managerLog.append(line)
  const nobody = (): null => null
  return [
    deployedPod(clusterName, {
      namespace: controlNamespace,
      workload: 'spire-server',
      node: 'node-a',
      podIp: podIpAt('node-a', 40),
      labels: { 'app.kubernetes.io/component': 'server', 'app.kubernetes.io/part-of': 'spire' },
      containers: [
        {
          name: 'spire-server',
          image: `${registry}/spiffe/spire-server:${spireVersion}`,
          arguments: ['run', '-config', '/run/spire/config/server.conf'],
          ports: [
            { name: 'grpc', port: 8081, target: () => simulator.port, served: true },
            { name: 'healthz', port: 8080, target: nobody },
          ],
          logs: [simulator.log],
        },
        {
          name: 'spire-controller-manager',
          image: `${registry}/spiffe/spire-controller-manager:${managerVersion}`,
          arguments: ['--config=/controller-manager-config.yaml'],
          ports: [{ name: 'probes', port: 8083, target: nobody }],
          logs: [managerLog],
        },
      ],
    }),
    ...world.agents().map(({ node }) =>
      daemonPod(clusterName, {
        namespace: controlNamespace,
        workload: 'spire-agent',
        node,
        podIp: machineIpOf(node),
        hostNetwork: true as const,
        labels: { 'app.kubernetes.io/component': 'agent', 'app.kubernetes.io/part-of': 'spire' },
        containers: [
          {
            name: 'spire-agent',
            image: `${registry}/spiffe/spire-agent:${spireVersion}`,
            arguments: ['run', '-config', '/run/spire/config/agent.conf'],
            ports: [{ name: 'healthz', port: 9982, target: nobody }],
            logs: [simulator.agentLog(node)],
          },
        ],
      }),
    ),
  ]
}
