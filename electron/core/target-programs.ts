import type { SourceKind } from '../../shared/domain/model/fact.ts'

/** What discovery finds: sources that have a connector, and things that only help to find or to explain. */
export type DiscoveredKind =
  | Extract<SourceKind, 'spire' | 'envoy' | 'opa' | 'vault'>
  | 'spire-agent'
  | 'controller-manager'
  | 'bundle-server'
  | 'prometheus'
  | 'loki'

/** How one program is known, and where it is asked. */
export interface Program {
  readonly kind: DiscoveredKind
  /** Last part of the path of what is run. */
  readonly executables: readonly string[]
  /** An argument without which the executable is something else (`opa run`, not `opa test`). */
  readonly subcommand: string | null
  /** Image names without registry, tag and digest. */
  readonly images: readonly RegExp[]
  /** Values of the usual labels for names and components. */
  readonly labels: readonly string[]
  readonly containerNames: readonly string[]
  /** Arguments that hold the address or port to ask. */
  readonly portArguments: readonly string[]
  /** Names that people give to this port. */
  readonly portNames: readonly string[]
  /** Where the program listens by itself; null: it has no such port. */
  readonly defaultPort: number | null
}

/**
 * Defaults are those of the programs' own documentation: SPIRE server bind_port 8081; Envoy's admin has none, so that only a
 * port that is named counts, except where Istio starts it (15000); OPA --addr 8181; Vault 8200; Prometheus
 * --web.listen-address 9090; Loki http_listen_port 3100.
 */
export const programs: readonly Program[] = [
  {
    kind: 'spire',
    executables: ['spire-server'],
    subcommand: null,
    images: [/(^|\/)spire-server$/],
    labels: ['spire-server'],
    containerNames: ['spire-server'],
    portArguments: ['-serverPort', '--serverPort'],
    portNames: ['grpc', 'api', 'spire-server', 'spire-grpc'],
    defaultPort: 8081,
  },
  {
    kind: 'spire-agent',
    executables: ['spire-agent'],
    subcommand: null,
    images: [/(^|\/)spire-agent$/],
    labels: ['spire-agent'],
    containerNames: ['spire-agent'],
    portArguments: [],
    portNames: [],
    defaultPort: null,
  },
  {
    kind: 'controller-manager',
    executables: ['spire-controller-manager'],
    subcommand: null,
    images: [/(^|\/)spire-controller-manager$/],
    labels: ['spire-controller-manager'],
    containerNames: ['spire-controller-manager'],
    portArguments: [],
    portNames: [],
    defaultPort: null,
  },
  {
    kind: 'envoy',
    executables: ['envoy'],
    subcommand: null,
    images: [/(^|\/)envoy(-distroless|-contrib|-dev|-alpine)?$/],
    labels: ['envoy'],
    containerNames: ['envoy'],
    portArguments: [],
    // First the listener that only reads, of docs/rights/envoy-read-only-listener.yaml.
    portNames: ['everyhop', 'admin', 'envoy-admin', 'http-admin', 'http-envoy-admin'],
    defaultPort: null,
  },
  {
    kind: 'envoy',
    executables: ['pilot-agent'],
    subcommand: null,
    images: [/(^|\/)proxyv2$/],
    labels: [],
    containerNames: ['istio-proxy'],
    portArguments: ['--proxyAdminPort'],
    portNames: ['everyhop', 'admin'],
    defaultPort: 15_000,
  },
  {
    kind: 'opa',
    executables: ['opa', 'opa-envoy', 'opa_envoy_linux_amd64', 'opa-envoy-plugin'],
    subcommand: 'run',
    images: [/(^|\/)opa(-envoy)?$/, /(^|\/)opa-istio$/],
    labels: ['opa', 'open-policy-agent', 'opa-envoy'],
    containerNames: ['opa', 'opa-envoy', 'opa-istio'],
    portArguments: ['--addr', '-a'],
    portNames: ['opa', 'opa-api', 'api'],
    defaultPort: 8181,
  },
  {
    kind: 'bundle-server',
    executables: ['bundle-server', 'opal-server'],
    subcommand: null,
    images: [/(^|\/)(opa-)?bundle-server$/, /(^|\/)opal-server$/],
    labels: ['bundle-server', 'opa-bundle-server', 'bundles'],
    containerNames: ['bundle-server'],
    portArguments: ['--port', '--listen', '--addr'],
    portNames: ['bundles', 'http', 'https'],
    defaultPort: null,
  },
  {
    kind: 'vault',
    executables: ['vault', 'bao'],
    subcommand: 'server',
    images: [/^(hashicorp\/)?vault(-enterprise)?$/, /(^|\/)(openbao|bao)$/],
    labels: ['vault', 'openbao'],
    containerNames: ['vault', 'openbao'],
    portArguments: ['-dev-listen-address', '-address'],
    portNames: ['vault', 'http', 'https', 'api'],
    defaultPort: 8200,
  },
  {
    kind: 'prometheus',
    executables: ['prometheus'],
    subcommand: null,
    images: [/(^|\/)prometheus$/],
    labels: ['prometheus'],
    containerNames: ['prometheus'],
    portArguments: ['--web.listen-address'],
    portNames: ['web', 'http-web', 'http'],
    defaultPort: 9090,
  },
  {
    kind: 'loki',
    executables: ['loki'],
    subcommand: null,
    images: [/(^|\/)loki$/],
    labels: ['loki'],
    containerNames: ['loki'],
    portArguments: ['-server.http-listen-port', '--server.http-listen-port'],
    portNames: ['http-metrics', 'http'],
    defaultPort: 3100,
  },
]
