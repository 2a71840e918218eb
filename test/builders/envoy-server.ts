import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { findFreePorts } from '../lab/ports.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { ask, startProcess, untilTrue } from './server-process.ts'
import { createTestAuthority, type TestAuthority, type TestLeaf } from './test-authority.ts'

const google = 'type.googleapis.com'
const tlsPackage = `${google}/envoy.extensions.transport_sockets.tls.v3`

export const gatewayId = 'spiffe://pipeline.example/hop/gateway'
export const modelId = 'spiffe://pipeline.example/hop/model'

/**
 * One real Envoy that is both sides of a hop: `egress` (plaintext in) calls `hop_model` by mTLS, which is its own listener
 * `ingress` with ext_authz. Secrets come by SDS from files, in the shape SPIRE gives them.
 */
export interface RealEnvoy {
  readonly admin: { readonly host: string; readonly port: number }
  /** The read-only way to the admin port that docs/rights/envoy.md describes. */
  readonly reader: { readonly host: string; readonly port: number }
  /** The same way, with one path closed: those of `EnvoyOptions.readersWithout`. */
  readerWithout(path: string): { readonly host: string; readonly port: number }
  readonly ingress: string
  readonly egress: string
  readonly authority: TestAuthority
  readonly leaves: { readonly gateway: TestLeaf; readonly model: TestLeaf }
  /** Sends a request the whole way and gives the status that came back. */
  request(path: string): Promise<number>
  /** Ends the process and starts it anew with the same files. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface EnvoyOptions {
  /** Address of the ext_authz server, `127.0.0.1:9191`; nobody listens there otherwise. */
  readonly authorisation?: { readonly host: string; readonly port: number }
  /** Adds a listener whose certificate SDS never delivers. */
  readonly withGhost?: boolean
  /** Adds a listener whose certificate and accepted peers are secrets of the bootstrap. */
  readonly withStaticSecrets?: boolean
  /** Paths, with their query where it decides, of which each is closed by a listener of its own. */
  readonly readersWithout?: readonly string[]
}

export async function startEnvoy(options: EnvoyOptions = {}): Promise<RealEnvoy> {
  const { envoy } = await ensureBinaries(['envoy'], { log: (line) => console.log(line) })
  const folder = await mkdtemp(join(tmpdir(), 'envoy-'))
  const closed = options.readersWithout ?? []
  const [admin = 0, ingress = 0, egress = 0, ghost = 0, fixed = 0, nobody = 0, reader = 0, ...others] =
    await findFreePorts(['127.0.0.1'], 7 + closed.length)
  const portsWithout = new Map(closed.map((path, place) => [path, others[place] ?? 0]))
  const doors = [
    await readerDoor(reader),
    ...(await Promise.all([...portsWithout].map(([path, port]) => readerDoor(port, path)))),
  ]
  const authority = await createTestAuthority('pipeline.example')
  const leaves = {
    gateway: await authority.issue({ spiffeId: gatewayId, serial: '0c11' }),
    model: await authority.issue({ spiffeId: modelId, serial: '0c22' }),
  }
  await writeSecrets(folder, authority, leaves)
  const guard = options.authorisation ?? { host: '127.0.0.1', port: nobody }
  const ports = { admin, ingress, egress, ghost: options.withGhost === true ? ghost : null }
  const written = bootstrap(folder, ports, guard, doors)
  const { static_resources: resources } = written
  if (options.withStaticSecrets === true) {
    resources.secrets.push(...staticSecrets(authority, leaves))
    resources.listeners.push(staticListener(fixed))
  }
  await writeFile(join(folder, 'envoy.json'), JSON.stringify(written))
  const start = () =>
    startProcess(
      envoy.path,
      [
        '-c',
        'envoy.json',
        '--concurrency',
        '1',
        '--disable-hot-restart',
        '--drain-time-s',
        '1',
        '--log-path',
        'envoy.log',
      ],
      folder,
    )
  const ready = () =>
    untilTrue('Envoy to answer', async () => {
      const answer = await ask(`http://127.0.0.1:${admin}/ready`)
      return options.withGhost === true ? answer.status !== 0 : answer.status === 200
    })
  let running = start()
  await ready()
  return {
    admin: { host: '127.0.0.1', port: admin },
    reader: { host: '127.0.0.1', port: reader },
    readerWithout(path) {
      const port = portsWithout.get(path)
      if (port === undefined) throw new Error(`no listener was asked for without ${path}`)
      return { host: '127.0.0.1', port }
    },
    ingress: `127.0.0.1:${ingress}`,
    egress: `127.0.0.1:${egress}`,
    authority,
    leaves,
    request: async (path) => (await ask(`http://127.0.0.1:${egress}${path}`)).status,
    async restart() {
      await running.stop()
      running = start()
      await ready()
    },
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The listener exactly as operators are told to write it, on another port: what is documented is what is tested. */
async function readerDoor(port: number, without: string | null = null): Promise<object> {
  const page = await readFile(new URL('../../docs/rights/envoy.md', import.meta.url), 'utf8')
  const written: unknown = parse(/```yaml\n(?<door>name: .*?)```/s.exec(page)?.groups?.['door'] ?? '')
  const door = doorWire.parse(written)
  const [host] = door.filter_chains[0].filters[0].typed_config.route_config.virtual_hosts
  if (without !== null) {
    door.name = `${door.name} ${port}`
    host.routes.unshift({ match: exactly(without), direct_response: { status: 403 } })
  }
  return { ...door, address: socket('127.0.0.1', port) }
}

const one = <Schema extends z.ZodType>(schema: Schema) => z.tuple([schema])
const doorWire = z.looseObject({
  name: z.string(),
  filter_chains: one(
    z.looseObject({
      filters: one(
        z.looseObject({
          typed_config: z.looseObject({
            route_config: z.looseObject({
              virtual_hosts: one(z.looseObject({ routes: z.array(z.looseObject({})) })),
            }),
          }),
        }),
      ),
    }),
  ),
})

function exactly(asked: string): object {
  const { pathname, searchParams } = new URL(asked, 'http://admin')
  const resource = searchParams.get('resource')
  const parameters = [{ name: 'resource', string_match: { exact: resource } }]
  return { path: pathname, ...(resource === null ? {} : { query_parameters: parameters }) }
}

async function writeSecrets(folder: string, authority: TestAuthority, leaves: RealEnvoy['leaves']): Promise<void> {
  const bytes = (text: string) => ({ inline_bytes: Buffer.from(text).toString('base64') })
  const write = (file: string, secret: object) =>
    writeFile(join(folder, file), JSON.stringify({ resources: [{ '@type': `${tlsPackage}.Secret`, ...secret }] }))
  const identity = (leaf: TestLeaf) => ({
    tls_certificate: { certificate_chain: bytes(leaf.certificate), private_key: bytes(leaf.key) },
  })
  await write('gateway.json', { name: gatewayId, ...identity(leaves.gateway) })
  await write('model.json', { name: modelId, ...identity(leaves.model) })
  const trust_domains = [{ name: 'pipeline.example', trust_bundle: bytes(authority.certificate) }]
  const typed_config = { '@type': `${tlsPackage}.SPIFFECertValidatorConfig`, trust_domains }
  const custom_validator_config = { name: 'envoy.tls.cert_validator.spiffe', typed_config }
  await write('bundle.json', { name: 'spiffe://pipeline.example', validation_context: { custom_validator_config } })
}

/** `static_resources.secrets`, as bootstraps without an SDS server have them. */
function staticSecrets(authority: TestAuthority, leaves: RealEnvoy['leaves']): readonly object[] {
  const { certificate, key } = leaves.model
  return [
    {
      name: 'own',
      tls_certificate: { certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } },
    },
    {
      name: 'peers',
      validation_context: {
        trusted_ca: { inline_string: authority.certificate },
        match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: gatewayId } }],
      },
    },
  ]
}

function staticListener(port: number): object {
  const common_tls_context = {
    tls_certificate_sds_secret_configs: [{ name: 'own' }],
    validation_context_sds_secret_config: { name: 'peers' },
  }
  const transport_socket = socketOf('DownstreamTlsContext', { require_client_certificate: true, common_tls_context })
  return { name: 'fixed', address: socket('127.0.0.1', port), filter_chains: [{ transport_socket, filters: [] }] }
}

interface Ports {
  readonly admin: number
  readonly ingress: number
  readonly egress: number
  readonly ghost: number | null
}

function bootstrap(
  folder: string,
  ports: Ports,
  guard: { readonly host: string; readonly port: number },
  doors: readonly object[],
) {
  const http2 = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${google}/envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
      common_http_protocol_options: { max_requests_per_connection: 1 },
      explicit_http_config: { http2_protocol_options: {} },
    },
  }
  const cluster = (name: string, host: string, port: number, more: object = {}) => ({
    name,
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(host, port) } }] }],
    },
    typed_extension_protocol_options: http2,
    ...more,
  })
  const open = {
    match: { path: '/open' },
    direct_response: { status: 200 },
    name: 'open',
    typed_per_filter_config: off(),
  }
  const all = { match: { prefix: '/' }, direct_response: { status: 200 } }
  return {
    node: { id: 'gateway', cluster: 'test' },
    admin: { address: socket('127.0.0.1', ports.admin) },
    static_resources: {
      secrets: [] as object[],
      listeners: [
        ...doors,
        {
          name: 'ingress',
          traffic_direction: 'INBOUND',
          address: socket('127.0.0.1', ports.ingress),
          filter_chains: [
            {
              transport_socket: downstream(folder, 'model', gatewayId),
              filters: [manager('ingress', [open, all], [authz()])],
            },
          ],
        },
        {
          name: 'egress',
          traffic_direction: 'OUTBOUND',
          address: socket('127.0.0.1', ports.egress),
          filter_chains: [
            { filters: [manager('egress', [{ match: { prefix: '/' }, route: { cluster: 'hop_model' } }], [])] },
          ],
        },
        ...(ports.ghost === null
          ? []
          : [
              {
                name: 'ghost',
                address: socket('127.0.0.1', ports.ghost),
                filter_chains: [{ transport_socket: downstream(folder, 'ghost', gatewayId), filters: [] }],
              },
            ]),
      ],
      clusters: [
        cluster('hop_model', '127.0.0.1', ports.ingress, {
          transport_socket: socketOf('UpstreamTlsContext', { common_tls_context: tls(folder, 'gateway', modelId) }),
          upstream_bind_config: { source_address: { address: '127.0.0.1', port_value: 0 } },
        }),
        cluster('opa', guard.host, guard.port),
        cluster('admin', '127.0.0.1', ports.admin, { typed_extension_protocol_options: {} }),
      ],
    },
  }
}

function socket(address: string, port_value: number): object {
  return { socket_address: { address, port_value } }
}

function socketOf(kind: string, config: object): object {
  return { name: 'envoy.transport_sockets.tls', typed_config: { '@type': `${tlsPackage}.${kind}`, ...config } }
}

function downstream(folder: string, self: string, peer: string): object {
  const common_tls_context = tls(folder, self, peer)
  return socketOf('DownstreamTlsContext', { require_client_certificate: true, common_tls_context })
}

function tls(folder: string, self: string, peer: string): object {
  const sds = (name: string, file: string) => ({
    name,
    sds_config: { resource_api_version: 'V3', path_config_source: { path: join(folder, file) } },
  })
  // Nothing answers xDS there, so that this one secret stays awaited.
  const never = (name: string) => ({
    name,
    sds_config: {
      resource_api_version: 'V3',
      api_config_source: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'opa' } }],
      },
    },
  })
  const own =
    self === 'ghost'
      ? never('spiffe://pipeline.example/hop/ghost')
      : sds(self === 'model' ? modelId : gatewayId, `${self}.json`)
  return {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    tls_certificate_sds_secret_configs: [own],
    combined_validation_context: {
      default_validation_context: { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: peer } }] },
      validation_context_sds_secret_config: sds('spiffe://pipeline.example', 'bundle.json'),
    },
  }
}

function manager(stat_prefix: string, routes: readonly object[], filters: readonly object[]): object {
  const router = { '@type': `${google}/envoy.extensions.filters.http.router.v3.Router` }
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${google}/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix,
      http_filters: [...filters, { name: 'envoy.filters.http.router', typed_config: router }],
      route_config: { name: stat_prefix, virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    },
  }
}

function authz(): object {
  return {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      '@type': `${google}/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz`,
      transport_api_version: 'V3',
      grpc_service: { envoy_grpc: { cluster_name: 'opa' }, timeout: '0.5s' },
    },
  }
}

function off(): object {
  const kind = `${google}/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute`
  return { 'envoy.filters.http.ext_authz': { '@type': kind, disabled: true } }
}
