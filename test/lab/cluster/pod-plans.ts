import path from 'node:path'
import { daemonPod, deployedPod, registry } from '../../../electron/playground/simulators/kubernetes/objects/names.ts'
import { envoyArguments, opaArguments } from '../../../electron/playground/simulators/kubernetes/objects/programs.ts'
import { type LabPlan, type OpaPlan, opaPlanOf, type StagePlan, sharedOpa } from '../plan.ts'
import { agentFiles, spireFiles } from '../spire/config.ts'
import { clusterName, controlNamespace } from './names.ts'
import type { ContainerPlan, PodPlan, PortPlan } from './pod-plan.ts'

/** The port of Envoy's admin endpoint as pods declare it; a port-forward to it leads to the real one. */
const declaredAdminPort = 15_000

/** Two sets of labels: what most clusters have, and the label that names a stage of Everyhop's intent. */
export function stagePod(plan: LabPlan, stage: StagePlan): PodPlan {
  const { id, namespace, node, kind } = stage.stage
  const opa = stage.opa === null ? undefined : opaPlanOf(plan, stage.opa)
  return deployed({
    namespace,
    workload: id,
    node,
    podIp: stage.address,
    labels: {
      'app.kubernetes.io/component': kind,
      'app.kubernetes.io/part-of': 'pipeline',
      'everyhop.dev/stage': id,
    },
    containers: [
      appContainer(plan, stage),
      envoyContainer(stage),
      ...(opa?.sidecarOf === id ? [opaContainer(plan, opa)] : []),
    ],
  })
}

/** Pods of the processes that serve the pipeline without being a part of it. */
export function controlPods(plan: LabPlan, managerHealthPort: number): readonly PodPlan[] {
  const shared = opaPlanOf(plan, sharedOpa)
  const { address } = plan.spire
  return [
    deployed({
      namespace: 'ai',
      workload: sharedOpa,
      node: 'node-a',
      podIp: shared.address,
      labels: { 'app.kubernetes.io/component': 'policy-decision', 'app.kubernetes.io/part-of': 'policy' },
      containers: [opaContainer(plan, shared)],
    }),
    deployed({
      namespace: controlNamespace,
      workload: 'bundle-server',
      node: 'node-a',
      podIp: plan.bundleServer.address,
      labels: { 'app.kubernetes.io/component': 'policy-bundles', 'app.kubernetes.io/part-of': 'policy' },
      containers: [
        {
          name: 'bundle-server',
          image: `${registry}/policy/bundle-server:1`,
          arguments: ['--serve', '/bundles'],
          ports: [served(port('http', plan.bundleServer.port, plan.bundleServer))],
          logs: [],
        },
      ],
    }),
    deployed({
      namespace: controlNamespace,
      workload: 'spire-server',
      node: 'node-a',
      podIp: address,
      labels: { 'app.kubernetes.io/component': 'server', 'app.kubernetes.io/part-of': 'spire' },
      containers: [
        {
          name: 'spire-server',
          image: `${registry}/spiffe/spire-server:1.15.3`,
          arguments: ['run', '-config', '/run/spire/config/server.conf'],
          ports: [
            served(port('grpc', 8081, { address, port: plan.spire.port })),
            port('healthz', 8080, { address, port: plan.spire.healthPort }),
          ],
          logs: [{ file: spireFiles(plan).serverLog }],
        },
        {
          name: 'spire-controller-manager',
          image: `${registry}/spiffe/spire-controller-manager:0.6.4`,
          arguments: ['--config=/controller-manager-config.yaml'],
          ports: [port('probes', 8083, { address, port: managerHealthPort })],
          logs: [{ file: path.join(plan.files.logs, 'spire-controller-manager.log') }],
        },
      ],
    }),
    ...plan.spire.agents.map(
      (agent): PodPlan =>
        daemonPod(clusterName, {
          namespace: controlNamespace,
          workload: 'spire-agent',
          node: agent.node,
          podIp: address,
          hostNetwork: true,
          labels: { 'app.kubernetes.io/component': 'agent', 'app.kubernetes.io/part-of': 'spire' },
          containers: [
            {
              name: 'spire-agent',
              image: `${registry}/spiffe/spire-agent:1.15.3`,
              arguments: ['run', '-config', '/run/spire/config/agent.conf'],
              ports: [port('healthz', 9982, { address, port: agent.healthPort })],
              logs: [{ file: agentFiles(plan, agent).log }],
            },
          ],
        }),
    ),
  ]
}

/** Stands in a namespace of its own, as monitoring does. */
export function prometheusPod(target: PortPlan['target']): PodPlan {
  return deployed({
    namespace: 'monitoring',
    workload: 'prometheus',
    node: 'node-a',
    podIp: target.address,
    labels: { 'app.kubernetes.io/component': 'metrics', 'app.kubernetes.io/part-of': 'monitoring' },
    containers: [
      {
        name: 'prometheus',
        image: `${registry}/prometheus/prometheus:v2.42.0`,
        arguments: ['--config.file=/etc/prometheus/prometheus.yml', '--web.listen-address=:9090'],
        ports: [served(port('web', 9090, target))],
        logs: [],
      },
    ],
  })
}

export function deployed(settings: Omit<PodPlan, 'name' | 'owner'>): PodPlan {
  return deployedPod(clusterName, settings)
}

function appContainer(plan: LabPlan, stage: StagePlan): ContainerPlan {
  return {
    name: 'app',
    image: `${registry}/pipeline/${stage.stage.id}:1.0.0`,
    arguments: ['--listen', `0.0.0.0:${stage.appPort}`],
    ports: [port('http', stage.appPort, { address: stage.address, port: stage.appPort })],
    logs: [{ file: plan.files.integrityLog, stage: stage.stage.id }],
  }
}

function envoyContainer(stage: StagePlan): ContainerPlan {
  const { address, accessLog, connectionLog } = stage
  // Its own port number in the pod, so that what Envoy says of its listeners and clusters agrees with the pod.
  const ingress = served(port('mtls', stage.ingressPort, { address, port: stage.ingressPort }))
  return {
    name: 'envoy',
    image: `${registry}/envoyproxy/envoy:v1.40.0`,
    arguments: envoyArguments,
    ports: [
      ...(stage.opa === null ? [] : [ingress]),
      port('admin', declaredAdminPort, { address, port: stage.adminPort }),
    ],
    logs: [{ file: accessLog }, ...(stage.opa === null ? [] : [{ file: connectionLog }])],
  }
}

function opaContainer(plan: LabPlan, opa: OpaPlan): ContainerPlan {
  const { address } = opa
  const shared = opa.sidecarOf === null
  const grpc = port('grpc', 9191, { address, port: opa.grpcPort })
  return {
    name: 'opa',
    image: `${registry}/openpolicyagent/opa:1.15.2-envoy`,
    arguments: opaArguments,
    ports: [
      shared ? served(grpc) : grpc,
      port('api', 8181, { address, port: opa.apiPort }),
      port('diagnostic', 8282, { address, port: opa.diagnosticPort }),
    ],
    logs: [{ file: path.join(plan.files.logs, `${opa.id}.log`) }],
  }
}

function port(name: string, declared: number, target: PortPlan['target']): PortPlan {
  return { name, port: declared, target: { address: target.address, port: target.port } }
}

function served(plain: PortPlan): PortPlan {
  return { ...plain, served: true }
}
