import type { KubernetesFact, PodContainer, PodFact, ServiceFact } from '../../shared/domain/model/kubernetes-facts.ts'
import { finished, type Steps } from '../../shared/lib/steps.ts'
import { sorted } from './slices.ts'
import { argumentValue, mayDo, portOfAddress, runsProgram } from './target-arguments.ts'
import { type DiscoveredKind, type Program, programs } from './target-programs.ts'

/** Why something was found, or why its port is what it is. A port number alone is never a reason. */
export const targetReasonCodes = [
  'image-is',
  'command-runs',
  'label-says',
  'container-name-is',
  'argument-sets-port',
  'port-is-named',
  'port-is-declared',
  'default-port',
  'service-leads-to',
  'class-is',
] as const
export type TargetReasonCode = (typeof targetReasonCodes)[number]

export interface TargetReason {
  readonly code: TargetReasonCode
  readonly params: Readonly<Record<string, string | number>>
}

export interface DiscoveredSource {
  readonly source: DiscoveredKind
  /** Unique among the findings, made of namespace, pod and container: the same in every run for the same pod. */
  readonly id: string
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string; readonly ready: boolean }
  readonly container: string
  /** The port to ask; null: it is found, but not how to reach it (an agent's socket, a port that nobody says). */
  readonly port: number | null
  /** Two or more replicas of one workload have the same group: owner or service. */
  readonly group: string
  /** Of an OPA: `sidecar` beside an Envoy, or `shared`. Of a controller manager: its class, when arguments say it. */
  readonly detail: string | null
  readonly reason: readonly TargetReason[]
}

/**
 * What a cluster runs that Everyhop can read, from the facts of its pods and services. Pure; found things are sorted by id.
 * Pods that have ended are passed over. Configuration that is in ConfigMaps is not seen (they are never read): a port that is
 * set there is known only when it is declared and named, or when it is the program's default, and the reason says which.
 */
export function discoverSources(facts: readonly KubernetesFact[]): readonly DiscoveredSource[] {
  return finished(discoverySteps(facts))
}

/** The same, a pod a step: twenty thousand of them are too much for one turn of the loop. */
export function* discoverySteps(facts: readonly KubernetesFact[]): Steps<readonly DiscoveredSource[]> {
  const services = facts.filter((fact): fact is ServiceFact => fact.kind === 'service')
  const servicesByNamespace = Map.groupBy(services, ({ namespace }) => namespace)
  const found: DiscoveredSource[] = []
  for (const fact of facts) {
    if (fact.kind !== 'pod' || fact.phase === 'Succeeded' || fact.phase === 'Failed') continue
    found.push(...inPod(fact, servicesByNamespace.get(fact.namespace) ?? []))
    yield
  }
  return yield* sorted(found, (one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0))
}

function inPod(pod: PodFact, services: readonly ServiceFact[]): readonly DiscoveredSource[] {
  const running = pod.containers.filter(({ role }) => role !== 'init')
  const found = running.flatMap((container) => {
    const hit = identified(pod, container, running.length)
    return hit === null ? [] : [{ container, ...hit }]
  })
  const hasEnvoy = found.some(({ program }) => program.kind === 'envoy')
  return found.flatMap(({ container, program, reason }) => {
    const leading = services.filter((service) => selects(service, pod))
    const port = portOf(program, container, leading)
    const detail = detailOf(program, container, hasEnvoy)
    return {
      source: program.kind,
      id: `${program.kind}.${pod.namespace}.${pod.name}.${container.name}`,
      pod: { namespace: pod.namespace, name: pod.name, uid: pod.uid, ready: pod.ready },
      container: container.name,
      port: port?.port ?? null,
      group: groupOf(pod),
      detail: detail?.value ?? null,
      reason: [...reason, ...(port?.reason ?? []), ...(detail?.reason ?? [])],
    }
  })
}

/** The program that a container runs, with every reason to think so; null when nothing but a port would say it. */
function identified(
  pod: PodFact,
  container: PodContainer,
  containers: number,
): { readonly program: Program; readonly reason: readonly TargetReason[] } | null {
  const candidates = programs.flatMap((program) => {
    const strong = [...commandReasons(program, container), ...imageReasons(program, container)]
    // A label is about the whole pod: it says which container only when there is one, or when its name says so too.
    const weak = labelReasons(program, pod)
    const named = program.containerNames.includes(container.name)
    const byLabel = weak.length > 0 && (containers === 1 || named) && !isOtherImage(container)
    if (strong.length === 0 && !byLabel) return []
    const name: readonly TargetReason[] = named ? [{ code: 'container-name-is', params: { name: container.name } }] : []
    const command = commandReasons(program, container).length
    return {
      program,
      reason: [...strong, ...(named || byLabel ? weak : []), ...name],
      rank: command > 0 ? 2 : strong.length > 0 ? 1 : 0,
    }
  })
  // What is run counts more than what the image is called, and that more than a label.
  const [best] = candidates.toSorted((one, other) => other.rank - one.rank)
  return best === undefined ? null : { program: best.program, reason: best.reason }
}

/** True when the image is that of a program we know: then a label that says something else is about its neighbour. */
function isOtherImage(container: PodContainer): boolean {
  return programs.some((program) => imageReasons(program, container).length > 0)
}

function commandReasons(program: Program, container: PodContainer): readonly TargetReason[] {
  const executable = program.executables.find((name) => runsProgram(container.command, name, program.subcommand))
  return executable === undefined ? [] : [{ code: 'command-runs', params: { program: executable } }]
}

function imageReasons(program: Program, container: PodContainer): readonly TargetReason[] {
  const name = imageName(container.image)
  // The image of Vault also runs as an agent beside others, and that of OPA as a test.
  const isIt = program.images.some((image) => image.test(name)) && mayDo(container.command, program.subcommand)
  return isIt ? [{ code: 'image-is', params: { image: container.image } }] : []
}

/** `registry.example:5000/spiffe/spire-server:1.2@sha256:…` is `spiffe/spire-server`. */
function imageName(image: string): string {
  const [withoutDigest = ''] = image.split('@')
  const parts = withoutDigest.replace(/:[^/:]*$/, '').split('/')
  const first = parts[0] ?? ''
  const hasRegistry = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost')
  return (hasRegistry ? parts.slice(1) : parts).join('/')
}

const labelKeys = ['app.kubernetes.io/name', 'app.kubernetes.io/component', 'app', 'k8s-app', 'component'] as const

function labelReasons(program: Program, pod: PodFact): readonly TargetReason[] {
  return labelKeys.flatMap((label) => {
    const value = pod.labels[label]
    return value !== undefined && program.labels.includes(value)
      ? [{ code: 'label-says' as const, params: { label, value } }]
      : []
  })
}

interface FoundPort {
  readonly port: number
  readonly reason: readonly TargetReason[]
}

/** The port to ask, from what says it best: an argument, a name, a service, then what the program does by itself. */
function portOf(program: Program, container: PodContainer, services: readonly ServiceFact[]): FoundPort | null {
  for (const argument of program.portArguments) {
    const value = argumentValue(container.command, argument)
    if (value === null) continue
    const port = portOfAddress(value, program.defaultPort)
    // It listens where it was told to; on a socket of a file system there is no port to ask.
    return port === null ? null : { port, reason: [{ code: 'argument-sets-port', params: { argument, port } }] }
  }
  const tcp = container.ports.filter(({ protocol }) => protocol === 'TCP')
  for (const name of program.portNames) {
    const port = tcp.find((declared) => declared.name === name)?.port
    if (port !== undefined) return { port, reason: [{ code: 'port-is-named', params: { name, port } }] }
  }
  for (const service of services) {
    for (const servicePort of service.ports) {
      if (servicePort.name === null || !program.portNames.includes(servicePort.name)) continue
      const port = targetPortOf(servicePort.targetPort, container)
      if (port !== null) {
        return {
          port,
          reason: [{ code: 'service-leads-to', params: { service: service.name, name: servicePort.name, port } }],
        }
      }
    }
  }
  if (program.defaultPort === null) return null
  const params = { program: program.executables[0] ?? program.kind, port: program.defaultPort }
  const declared = tcp.some(({ port }) => port === program.defaultPort)
  return { port: program.defaultPort, reason: [{ code: declared ? 'port-is-declared' : 'default-port', params }] }
}

function targetPortOf(target: string, container: PodContainer): number | null {
  const number = Number(target)
  if (Number.isInteger(number) && number > 0) return number
  return container.ports.find(({ name }) => name === target)?.port ?? null
}

function detailOf(
  program: Program,
  container: PodContainer,
  hasEnvoy: boolean,
): { readonly value: string; readonly reason: readonly TargetReason[] } | null {
  if (program.kind === 'opa') return { value: hasEnvoy ? 'sidecar' : 'shared', reason: [] }
  if (program.kind !== 'controller-manager') return null
  const name = argumentValue(container.command, '--class-name')
  return name === null ? null : { value: name, reason: [{ code: 'class-is', params: { class: name } }] }
}

function selects({ selector }: ServiceFact, pod: PodFact): boolean {
  if (selector === null || Object.keys(selector).length === 0) return false
  return Object.entries(selector).every(([label, value]) => pod.labels[label] === value)
}

/** `apps` gives a ReplicaSet for each version: its hash is left out, so that the group outlives a rollout. */
function groupOf(pod: PodFact): string {
  if (pod.owner === null) return `${pod.namespace}/Pod/${pod.name}`
  const hash = pod.labels['pod-template-hash']
  const { kind, name } = pod.owner
  const isOfDeployment = kind === 'ReplicaSet' && hash !== undefined && name.endsWith(`-${hash}`)
  return isOfDeployment
    ? `${pod.namespace}/Deployment/${name.slice(0, -hash.length - 1)}`
    : `${pod.namespace}/${kind}/${name}`
}
