import type { Rule } from '../../electron/playground/simulators/kubernetes/access.ts'
import type { StampedLine } from '../../electron/playground/simulators/kubernetes/pod-log.ts'
import type { ApiObject } from '../../electron/playground/simulators/kubernetes/store.ts'

export type { StampedLine as LogLine } from '../../electron/playground/simulators/kubernetes/pod-log.ts'
export type { ApiObject } from '../../electron/playground/simulators/kubernetes/store.ts'

export interface Refusal {
  readonly status: number
  readonly retryAfterSeconds?: number
  readonly message?: string
  /** How often; without it until `allow`. */
  readonly times?: number
}

/** A small API server over https on 127.0.0.1: list in pages, watch, logs, port-forward and rights, with switches to break it. */
export interface KubernetesApi {
  readonly url: string
  readonly host: string
  readonly port: number
  /** The one that it accepts. */
  readonly token: string
  /** A kubeconfig file for it: with a token, or with a client certificate. */
  readonly kubeconfig: string
  readonly folder: string
  kubeconfigWith(changes: KubeconfigChanges): Promise<string>
  /** The same cluster by another address, such as a relay's. */
  kubeconfigAt(address: { readonly host: string; readonly port: number }): string
  /** `collection`: `pods`, `clusterspiffeids`. Adds, or replaces one of the same name. */
  set(collection: string, ...objects: readonly ApiObject[]): void
  remove(collection: string, name: string, namespace?: string): void
  /** `asked` such as `list pods`, `watch pods`, `portforward`, `log`, `version`, `rules`. */
  refuse(asked: string, refusal: Refusal): void
  allow(asked: string): void
  /** Takes requests and never answers. */
  hang(hanging: boolean): void
  /** Resets the connections of all watches, logs or forwards that are open. */
  cut(what: 'watches' | 'logs' | 'forwards'): void
  /** Forgets the history: watches from an older version answer 410, by status or inside the stream. */
  compact(how: 'status' | 'event'): void
  bookmark(): void
  /** Ends all watches as a server does after their time. */
  endWatches(): void
  sendRaw(collection: string, line: string): void
  /** Rules that SelfSubjectRulesReview answers. */
  setRules(rules: readonly Rule[], incomplete?: boolean): void
  setLog(pod: string, container: string, lines: readonly StampedLine[]): void
  addLog(pod: string, container: string, lines: readonly StampedLine[]): void
  /** Where the port of a pod leads: a TCP port of 127.0.0.1, or words on the error channel. */
  forwardTo(pod: string, port: number, to: number | string): void
  /** Requests so far: `list pods`, `watch pods 12`. */
  readonly requests: readonly string[]
  openForwards(): number
  openWatches(): number
  /** Goes away and comes back on the same port, with or without its history. */
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

export interface KubeconfigChanges {
  readonly ca?: string
  readonly server?: string
  readonly user?: Readonly<Record<string, unknown>>
  readonly cluster?: Readonly<Record<string, unknown>>
  /** A client certificate that ended at this time. */
  readonly certificateNotAfter?: Date
}
