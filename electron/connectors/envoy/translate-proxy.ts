import type { EnvoyProxyFact } from '../../../shared/domain/model/envoy-facts.ts'
import type { DurationMs } from '../../../shared/domain/model/time.ts'
import { envoyReads, locatorOf } from './client.ts'
import { type Asked, measured, parse } from './problem.ts'
import { durationMs } from './values.ts'
import { initDump, serverInfo } from './wire.ts'

export interface ServerInfo {
  readonly nodeId: string | null
  readonly version: string
  readonly state: string
  readonly uptimeSeconds: number
}

export function readServerInfo(answer: unknown): ServerInfo {
  const info = parse(serverInfo, answer, 'server_info')
  return {
    nodeId: info.node?.id || null,
    // `<commit>/<version>/<how it was built>/…`
    version: info.version.split('/')[1] ?? info.version,
    state: info.state,
    uptimeSeconds: durationMs(info.uptime_current_epoch) / 1000,
  }
}

export function readWaitingFor(answer: unknown): readonly string[] {
  return parse(initDump, answer, 'init_dump').unready_targets_dumps.flatMap((dump) => dump.target_names)
}

export function translateProxy(
  asked: Asked,
  info: ServerInfo,
  waitingFor: readonly string[],
  clockSkewMs: DurationMs | null,
): EnvoyProxyFact {
  return {
    kind: 'envoy-proxy',
    id: `envoy/${asked.envoy}/proxy#envoy-proxy/${asked.envoy}`,
    from: measured(asked, locatorOf(envoyReads.serverInfo)),
    envoy: asked.envoy,
    ...info,
    waitingFor,
    clockSkewMs,
  }
}
