import { X509Certificate } from 'node:crypto'
import { authorityDetails, certificateDetails, secretDump } from './admin-secrets.ts'
import { calleesOf, envoyBootstrap } from './bootstrap.ts'
import type { SidecarState } from './state.ts'

export interface AdminAnswer {
  readonly status: number
  /** An object is answered as JSON. */
  readonly body: object | string
}

const version = '9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL'
/** `initial_fetch_timeout`: how long an Envoy waits for a secret before it goes on without it. */
const initialFetchMs = 5000

/** What the admin endpoint of Envoy 1.40 answers to GET, as far as somebody asks; of what really is, at this moment. */
export function adminAnswer(state: SidecarState, url: URL): AdminAnswer {
  switch (url.pathname) {
    case '/server_info':
      return ok(serverInfo(state))
    case '/ready':
      return { status: isLive(state) ? 200 : 503, body: `${isLive(state) ? 'LIVE' : 'INITIALIZING'}\n` }
    case '/init_dump':
      return ok(initDump(state))
    case '/certs':
      return ok(certificates(state))
    case '/clusters':
      return ok(clusterStatuses(state))
    case '/listeners':
      return { status: 200, body: listenersText(state) }
    case '/stats':
      return statistics(state, url.searchParams)
    case '/config_dump':
      return configDump(state, url.searchParams.get('resource'))
    default:
      return { status: 404, body: 'invalid path. admin commands are:\n' }
  }
}

function ok(body: object): AdminAnswer {
  return { status: 200, body }
}

function uptimeMs(state: SidecarState): number {
  return Math.max(0, state.options.world.clock.now() - state.startedAt)
}

function isLive(state: SidecarState): boolean {
  return !usesTls(state) || state.identity.svid !== null || uptimeMs(state) >= initialFetchMs
}

function serverInfo(state: SidecarState): object {
  const uptime = `${Math.floor(uptimeMs(state) / 1000)}s`
  return {
    version,
    state: isLive(state) ? 'LIVE' : 'INITIALIZING',
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: 'disabled',
    command_line_options: { concurrency: 1, config_path: '/etc/envoy/envoy.json', mode: 'Serve', restart_epoch: 0 },
    node: { id: state.stage.id, cluster: 'pipeline', user_agent_name: 'envoy' },
  }
}

function initDump(state: SidecarState): object {
  if (isLive(state)) return {}
  const target_names = [`SdsApi ${secretDump(state).names.own}`]
  return { unready_targets_dumps: [{ name: 'init manager Server', target_names }] }
}

/** Whether any listener or cluster is configured with TLS, so that secrets are asked for at all. */
function usesTls(state: SidecarState): boolean {
  return tlsContexts(state) > 0
}

function tlsContexts(state: SidecarState): number {
  const { variant } = state
  const setup = state.setup()
  const upstream = calleesOf(setup, variant).filter((callee) => variant.plaintextTo?.includes(callee.id) !== true)
  return upstream.length + (setup.ingress === null || variant.plaintextIngress === true ? 0 : 1)
}

/** One entry for each TLS context that is ready; of the bundle only its first root, as Envoy does it. */
function certificates(state: SidecarState): object {
  const { svid, bundle } = state.identity
  if (svid === null) return { certificates: [] }
  const entry = {
    ca_cert: authorityDetails(bundle, state.now()),
    cert_chain: [certificateDetails(new X509Certificate(svid.certificates), '<inline>', state.now())],
  }
  return { certificates: Array.from({ length: tlsContexts(state) }, () => entry) }
}

interface Named {
  readonly name: string
  readonly address?: object
  readonly load_assignment?: { readonly endpoints: readonly { readonly lb_endpoints: readonly Endpoint[] }[] }
}

interface Endpoint {
  readonly endpoint: { readonly address: object }
}

function clusterStatuses(state: SidecarState): object {
  const clusters: readonly Named[] = envoyBootstrap(state.setup(), state.variant).static_resources.clusters
  return {
    cluster_statuses: clusters.map(({ name, load_assignment: assigned }) => ({
      name,
      observability_name: name,
      host_statuses: (assigned?.endpoints ?? [])
        .flatMap((locality) => locality.lb_endpoints)
        .map(({ endpoint }) => ({
          address: endpoint.address,
          health_status: { eds_health_status: 'HEALTHY' },
          weight: 1,
          locality: {},
        })),
    })),
  }
}

function listenersText(state: SidecarState): string {
  const { ingress, egressPort, address } = state.setup()
  const listed = [...(ingress === null ? [] : [['ingress', ingress.port] as const]), ['egress', egressPort] as const]
  return listed.map(([name, port]) => `${name}::${address}:${port}\n`).join('')
}

/** A filter is a regular expression found in the name, as RE2 understands it; ours and those of Envoy's own pages are both. */
function statistics({ counters }: SidecarState, asked: URLSearchParams): AdminAnswer {
  const filter = filterOf(asked.get('filter'))
  if (filter === null) return { status: 400, body: 'Invalid re2 regex' }
  const stats = counters.matching(filter)
  if (asked.get('format') === 'json') return ok({ stats })
  return { status: 200, body: stats.map(({ name, value }) => `${name}: ${value}\n`).join('') }
}

function filterOf(text: string | null): RegExp | null {
  try {
    return new RegExp(text ?? '')
  } catch {
    return null
  }
}

function configDump(state: SidecarState, resource: string | null): AdminAnswer {
  const configs = resource === null ? allConfigs(state) : resources(state, resource)
  if (configs === null) return { status: 404, body: `${resource} not found in config dump` }
  return ok(configs.length === 0 ? {} : { configs })
}

const adminTypes = 'type.googleapis.com/envoy.admin.v3'

function resources(state: SidecarState, resource: string): readonly object[] | null {
  const bootstrap = () => envoyBootstrap(state.setup(), state.variant).static_resources
  const last_updated = new Date(state.startedAt).toISOString()
  switch (resource) {
    case 'static_listeners':
      return bootstrap().listeners.map((listener) => ({
        '@type': `${adminTypes}.ListenersConfigDump.StaticListener`,
        listener: { '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener', ...listener },
        last_updated,
      }))
    case 'static_clusters':
      return bootstrap().clusters.map((cluster) => ({
        '@type': `${adminTypes}.ClustersConfigDump.StaticCluster`,
        cluster: { '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', ...cluster },
        last_updated,
      }))
    case 'dynamic_active_secrets':
      return usesTls(state) ? secretDump(state).active : []
    case 'dynamic_warming_secrets':
      return usesTls(state) ? secretDump(state).warming : []
    case 'dynamic_listeners':
    case 'dynamic_active_clusters':
    case 'dynamic_warming_clusters':
    case 'dynamic_route_configs':
    case 'static_secrets':
      return []
    case 'ecds_filters':
      // Known only to an Envoy that is configured to ask for some: see `awaitedExtAuthz`.
      return state.setup().ingress !== null && state.authoriser === null ? [] : null
    default:
      return null
  }
}

function allConfigs(state: SidecarState): readonly object[] {
  const of = (resource: string) => resources(state, resource) ?? []
  return [
    {
      '@type': `${adminTypes}.ClustersConfigDump`,
      static_clusters: of('static_clusters'),
    },
    {
      '@type': `${adminTypes}.ListenersConfigDump`,
      static_listeners: of('static_listeners'),
    },
    {
      '@type': `${adminTypes}.SecretsConfigDump`,
      dynamic_active_secrets: of('dynamic_active_secrets'),
      dynamic_warming_secrets: of('dynamic_warming_secrets'),
    },
  ]
}
