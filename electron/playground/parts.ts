import type { Clock, Log } from '../core/ports.ts'
import type { Authority, Svid } from './authority-parts.ts'
import type { Stage } from './pipeline/topology.ts'

/**
 * What the parts of the playground share: one world, in which a cluster of pods runs sidecars with identities. Every address of a
 * pod is one of the playground's own network; the sockets behind them are on the loopback interface, at ports that were free.
 */

/** Lines of one log, the newest last; the oldest go first. What a pod's container prints. */
export interface LineLog {
  append(line: string): void
  lines(): readonly LoggedLine[]
  /** Hears of every line from now on, as the object that `lines` has; gives what ends it. */
  follow(listener: (line: LoggedLine) => void): () => void
}

export interface LoggedLine {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly text: string
}

export type { Authority, IssueOrder, Root, Svid } from './authority-parts.ts'

/** A registration entry as SPIRE's server has it. */
export interface Entry {
  readonly id: string
  readonly spiffeId: string
  readonly parentId: string
  readonly selectors: readonly { readonly type: string; readonly value: string }[]
  readonly x509SvidTtlSeconds: number
  readonly createdAt: number
  readonly revision: number
}

/** An agent of one machine. While it is down it delivers nothing, and what it delivered runs out. */
export interface Agent {
  readonly node: Stage['node']
  readonly spiffeId: string
  /** Lower-case hexadecimal. SPIRE's API writes it decimal. */
  readonly serial: string
  readonly notAfter: number
  readonly isUp: boolean
  /** What SPIRE holds of it; one that was evicted it does not list. */
  readonly standing: AgentStanding
}

export type AgentStanding = 'attested' | 'banned' | 'evicted'

/** One workload's view of SPIRE: what its sidecar was given last. */
export interface Delivered {
  readonly svid: Svid | null
  /** PEM of the roots it was told to trust. */
  readonly bundle: string
  readonly at: number
}

/**
 * The state of SPIRE that everybody in the playground agrees on. Faults change it by its verbs; the SPIRE simulator answers from
 * it, and the sidecars take from it what an agent would give them.
 */
export interface World {
  readonly clock: Clock
  readonly log: Log
  /** Where what must be a file is: the kubeconfig, the reader's SVID, bundles. Private, and removed at the end. */
  readonly folder: string
  /** Of X509-SVIDs, seconds. Short, so that rotation is seen. */
  readonly svidSeconds: number
  readonly authority: Authority
  agents(): readonly Agent[]
  entries(): readonly Entry[]
  /** What the sidecar of a stage holds now. */
  delivered(stage: string): Delivered
  /** Hears of deliveries to a stage, rotations among them. */
  onDelivery(listener: (stage: string, delivered: Delivered) => void): () => void
  /** Hears of every SVID that SPIRE signs for a stage and its agent takes, whether the sidecar gets it or not. */
  onIssue(listener: (stage: string, svid: Svid) => void): () => void
  setAgent(node: Stage['node'], isUp: boolean): void
  /** Unless it is attested its agent can have nothing signed. */
  setStanding(node: Stage['node'], standing: AgentStanding): void
  removeEntry(stage: string): void
  restoreEntry(stage: string): void
  /** The entry of a stage asks for something else, so that it is not given to the stage; null: it is as it should be. */
  changeEntry(stage: string, change: Partial<Pick<Entry, 'parentId' | 'selectors'>> | null): void
  /** Holds back deliveries to one stage: it keeps the SVID and the bundle it has, as SDS with an old certificate does. */
  holdBack(stage: string, isHeld: boolean): void
  /**
   * SDS serves a stage an SVID that it had been given before and that should have been renewed by now, and no newer one, though
   * SPIRE goes on renewing where there is an agent.
   */
  serveOld(stage: string, isOld: boolean): Promise<void>
  /** Gives a stage this SVID now and until `null`; what an agent would give is not given meanwhile. */
  override(stage: string, svid: Svid | null): void
  /**
   * What a sidecar that starts anew gets: without an entry, or with its agent down, nothing, and it forgets what it had. It hears
   * by `onDelivery` when there is something.
   */
  attach(stage: string): Delivered
  /** Rotates every SVID now. */
  rotate(): Promise<void>
  stop(): Promise<void>
}

/** A pod of the playground's cluster: what Kubernetes is told of it, and what really stands behind its ports and logs. */
export interface PodPlan {
  readonly namespace: string
  readonly name: string
  /** Name of the Deployment or DaemonSet it belongs to; also its service account. */
  readonly workload: string
  readonly owner: 'Deployment' | 'DaemonSet'
  readonly node: Stage['node']
  /** Of the playground's own network: 10.244.1.7 */
  readonly podIp: string
  readonly labels: Readonly<Record<string, string>>
  readonly containers: readonly ContainerPlan[]
  readonly hostNetwork?: true
}

export interface ContainerPlan {
  readonly name: string
  readonly image: string
  readonly arguments: readonly string[]
  readonly ports: readonly PortPlan[]
  readonly logs: readonly LineLog[]
}

export interface PortPlan {
  readonly name: string
  /** As the pod declares it. */
  readonly port: number
  /** The port on 127.0.0.1 that a port-forward to it leads to, now; null: nobody listens. */
  readonly target: () => number | null
  /** The pod's Service has it too. */
  readonly served?: true
}

/** The pipeline that runs: stages, their sidecars, OPAs and the traffic. */
export interface Mesh {
  /** Sidecars by stage. */
  sidecar(stage: string): Sidecar
  readonly opas: readonly PlaygroundOpa[]
  /** Pods of the stages, the shared OPA and the bundle server. What is OPA's is among them once there is a program. */
  pods(): readonly PodPlan[]
  readonly bundles: BundleShelf
  readonly traffic: TrafficControl
  /** Starts the OPAs once there is a program; what was unknown becomes known. */
  useOpa(program: string): Promise<void>
  /**
   * How the stages behave from the next request on: one may sign with a key that nobody knows, one may be called without the
   * user's token (`losesUserAt`: the stage that it does not reach). `{}`: as they should.
   */
  restartStages(options: { readonly foreignKeyOf?: string; readonly losesUserAt?: string }): Promise<void>
  stop(): Promise<void>
}

/** The knobs of one sidecar. All take effect at the next connection or request; null and false are how it is without a fault. */
export interface Sidecar {
  readonly stage: Stage
  readonly podIp: string
  readonly ports: { readonly ingress: number | null; readonly egress: number; readonly admin: number }
  readonly accessLog: LineLog
  readonly connectionLog: LineLog
  /** SPIFFE IDs it takes as a callee's, in place of the one of the topology. */
  requireOfCallee(callee: string, spiffeIds: readonly string[] | null): void
  /** SPIFFE IDs that its ingress accepts. */
  acceptCallers(spiffeIds: readonly string[] | null): void
  /** Speaks plaintext on that side: one side alone is the fault "one-sided TLS". */
  plaintext(side: 'ingress' | { readonly to: string }, isPlain: boolean): void
  failureModeAllow(isOpen: boolean): void
  /** Adds this to its own clock when it verifies certificates and writes logs, milliseconds. */
  clockSkew(ms: number): void
  /** Sends this x-forwarded-client-cert of its own to a callee. */
  claimIdentity(to: string, header: string | null): void
  /** Its ingress hands on what callers say about identities instead of replacing it. */
  trustClaims(isTrusting: boolean): void
  /** A way to a callee that the topology lacks. */
  alsoCall(callee: string, isOpen: boolean): void
  /** A caller that it takes beside those of the topology. */
  alsoAdmit(caller: string, isOpen: boolean): void
  /** Down: its ports are closed. Up again it has started anew: it holds what its agent gives it then, and counts from zero. */
  setUp(isUp: boolean): Promise<void>
  /** Who decides at the ingress from the next request on; null: no ext_authz is configured. */
  authoriseBy(authoriser: Authoriser | null): void
}

/** What `startSidecar` is given. The callee's ports may change; they are asked for at each connection. */
export interface SidecarOptions {
  readonly world: World
  readonly stage: Stage
  readonly podIp: string
  /** Of the stage's service on 127.0.0.1. */
  readonly appPort: () => number | null
  /** `port`: the callee's ingress on 127.0.0.1, null while it is closed. */
  readonly calleeAddress: (stage: string) => { readonly podIp: string; readonly port: number | null }
  readonly authoriser: Authoriser | null
  readonly log: Log
}

/** An OPA as the sidecars see it, over ext_authz with the protocol of Envoy's plugin for OPA. */
export interface Authoriser {
  /** Of the ext_authz cluster: address and port in the playground's own network, `10.244.1.12:9191`. */
  readonly address: string
  /**
   * `input`: what the plugin makes of Envoy's CheckRequest (`attributes`, `parsed_path`, `parsed_query`, …). Rejects where real OPA
   * gives Envoy no decision: it is down, too slow (the signal), or the decision is undefined.
   */
  authorise(input: unknown, signal: AbortSignal): Promise<AuthoriserAnswer>
}

export interface AuthoriserAnswer {
  readonly allowed: boolean
  /** Of the answer to a request that is not allowed. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** As the plugin hands it to Envoy: what the policy gives, and `decision_id`. */
  readonly dynamicMetadata: Readonly<Record<string, unknown>>
}

export interface PlaygroundOpa {
  readonly id: string
  readonly sidecarOf: string | null
  /** What its container prints: decisions among it. */
  readonly log: LineLog
  readonly apiPort: () => number | null
  readonly isRunning: boolean
  /** It was started and ended by itself; it is started again. */
  readonly isMissing: boolean
  /** What its own status says of the policy bundle. Rejects while it does not run. */
  bundle(): Promise<OpaBundleStatus>
  stop(): Promise<void>
  start(): Promise<void>
  /** Answers no request for as long as it is so, milliseconds each; 0: at once. By a relay in front of it. */
  delay(ms: number): void
}

export interface OpaBundleStatus {
  /** In force; null: none yet. */
  readonly revision: string | null
  /** Of the last failure to get or take one (`bundle_error`); null: the last time went well. */
  readonly code: string | null
  /** When the bundle server last answered, milliseconds since 1970; null: never. */
  readonly lastAnsweredAt: number | null
}

/** The bundle server's shelf: what OPAs are given. Also the folder that Everyhop publishes to. */
export interface BundleShelf {
  readonly folder: string
  /** Builds, signs and publishes a revision. */
  publish(order: {
    readonly revision: string
    readonly deny?: readonly { readonly from: string; readonly to: string }[]
    readonly foreignKey?: boolean
    /** What the rule that Envoy asks for becomes: none, or one with two values, which is an error; as it should be by default. */
    readonly decision?: 'undefined' | 'conflicting'
  }): Promise<void>
  /** Answers 404 and moves nothing: OPAs keep what they have. */
  setReachable(isReachable: boolean): void
  /** Only this OPA gets nothing new. */
  withholdFrom(opa: string | null): Promise<void>
}

export interface TrafficControl {
  /** Requests a second; ten times the normal is the fault "traffic burst". */
  rate(perSecond: number): void
  readonly normal: number
  /** Requests carry this hour of the day, UTC, as the time at which their user asked; null: they carry none. */
  askedAt(hour: number | null): void
  /** Calls a stage from another one over a way the topology lacks, again and again; gives what ends it. */
  lateral(from: string, to: string, path: string): () => void
}

/** What of the control plane is simulated beside SPIRE. */
export interface Simulators {
  readonly spire: { readonly port: number }
  readonly kubernetes: KubernetesControls
  readonly vault: VaultControls
}

export interface KubernetesControls {
  readonly port: number
  /** Path of a kubeconfig with the rights of docs/rights/kubernetes.yaml. */
  readonly kubeconfig: string
  /** Sets or replaces an object by kind, namespace and name; watches hear of it. */
  set(object: KubernetesObject): void
  remove(kind: string, namespace: string | null, name: string): void
  get(kind: string, namespace: string | null, name: string): KubernetesObject | null
  /** Records an Event about an object. */
  event(
    about: { kind: string; namespace: string; name: string },
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void
  /** Pods came, went or changed their plan: their objects follow. */
  refresh(): void
  stop(): Promise<void>
}

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string } & Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

export interface VaultControls {
  readonly port: number
  /** Lines of the audit log, what the pod `vault` prints. */
  readonly auditLog: LineLog
  seal(isSealed: boolean): void
  /** Answers 429 to everything but health. */
  limit(isLimited: boolean): void
  /** A stage asks, again and again, for what its policy does not give; gives what ends it. */
  deniedAsking(stage: string, path: string): () => void
  extraLease(order: {
    readonly mount: string
    readonly path: string
    readonly holder: string
    readonly seconds: number
  }): () => void
  stop(): Promise<void>
}

/** Makes one fault; what it gives undoes it. Both resolve when it is so on the wire, not when it is shown. */
export type PlaygroundFault = (playground: FaultControls) => Promise<() => Promise<void>>

export interface FaultControls {
  readonly world: World
  readonly mesh: Mesh
  readonly simulators: Simulators
  /** Aborted when the playground ends: nobody waits any more for what a fault shows. */
  readonly ended: AbortSignal
}

/** The playground as the service and the command line use it. */
export interface Playground {
  /** `environment.yaml` of it, in its own folder. */
  readonly environmentFile: string
  /** Whether OPAs decide, and why not. interrupted: one has ended by itself, and is started again. */
  readonly authorisation: 'deciding' | 'starting' | 'interrupted' | 'no-opa'
  readonly active: string | null
  /** Requests of the last twenty seconds that no user sent, because too many of those before were not answered yet. */
  readonly heldBack: number
  inject(fault: string): Promise<void>
  heal(): Promise<void>
  useOpa(program: string): Promise<void>
  /** While nobody looks at it, users ask seldom: the pipeline stays alive and costs little. A fault keeps them asking. */
  attend(isAttended: boolean): void
  /** Ends every process and removes every file. */
  stop(): Promise<void>
}

export interface PlaygroundOptions {
  readonly clock: Clock
  readonly log: Log
  /** Path of opa; null: none yet, `useOpa` brings it later. */
  readonly opa: string | null
  readonly svidSeconds?: number
  readonly requestsPerSecond?: number
  readonly windowSeconds?: number
  /** Aborted when it is about to be stopped: what it waits for is broken off, and so `stop` takes no longer than closing does. */
  readonly signal?: AbortSignal
}
