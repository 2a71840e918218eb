import type { OpaSource } from '../../../shared/domain/model/environment.ts'
import type { ConnectorPorts, LoadedModule, ObserveSettings } from '../../core/ports.ts'
import { createOpaClient, OpaFailure, opaReads } from './client.ts'
import { policies, policy } from './wire.ts'

/**
 * The modules that an OPA has loaded, with their text: for the workbench, asked for by a person, never kept as facts. A bundle's
 * modules have ids that begin with its name: `authz/pipeline/authz.rego`. Rejects with `OpaFailure`.
 */
export async function readModules(
  source: OpaSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<readonly LoadedModule[]> {
  const ask = await createOpaClient(source, settings, ports)
  const { text } = await ask(opaReads.policies, signal)
  const listed = policies.safeParse(jsonOf(text))
  if (!listed.success) throw new OpaFailure('invalid', 'GET /v1/policies gave no list of policies', true)
  return listed.data.result.flatMap((item) => {
    const read = policy.safeParse(item)
    return read.success ? [{ path: read.data.id.replace(/^\/+/, ''), text: read.data.raw }] : []
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
