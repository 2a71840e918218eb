import { z } from 'zod'
import type { StagePlan } from '../plan.ts'

/** What the lab reads from an Envoy itself, to know the truth that Everyhop must show. */
export interface LoadedCertificate {
  readonly spiffeId: string
  /** Lower-case hex. */
  readonly serial: string
  /** RFC 3339. */
  readonly notBefore: string
  readonly notAfter: string
}

const certsWire = z.object({
  certificates: z
    .array(
      z.object({
        cert_chain: z
          .array(
            z.object({
              serial_number: z.string(),
              valid_from: z.string(),
              expiration_time: z.string(),
              subject_alt_names: z.array(z.object({ uri: z.string().optional() })).default([]),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
})

const statsWire = z.object({ stats: z.array(z.object({ name: z.string().optional(), value: z.number().optional() })) })
const infoWire = z.object({ state: z.string() })
const warmingWire = z.object({ configs: z.array(z.object({ name: z.string() })).default([]) })

export async function readAdmin(stage: StagePlan, path: string): Promise<string> {
  const answer = await fetch(`http://${stage.address}:${stage.adminPort}${path}`, { signal: AbortSignal.timeout(2000) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`Envoy of ${stage.stage.id}: GET ${path} answered ${answer.status}`)
  return text
}

/** LIVE, INITIALIZING, …; rejects while Envoy does not answer. */
export async function envoyState(stage: StagePlan): Promise<string> {
  return infoWire.parse(JSON.parse(await readAdmin(stage, '/server_info'))).state
}

/** The workload's own certificate in use; undefined while Envoy has none. */
export async function loadedCertificate(stage: StagePlan): Promise<LoadedCertificate | undefined> {
  const { certificates } = certsWire.parse(JSON.parse(await readAdmin(stage, '/certs')))
  for (const { cert_chain } of certificates) {
    const leaf = cert_chain[0]
    const spiffeId = leaf?.subject_alt_names.find((name) => name.uri?.startsWith('spiffe://'))?.uri
    if (leaf === undefined || spiffeId === undefined) continue
    return {
      spiffeId,
      serial: leaf.serial_number.toLowerCase(),
      notBefore: leaf.valid_from,
      notAfter: leaf.expiration_time,
    }
  }
  return undefined
}

/** Counters and gauges whose name matches `filter` (a regular expression as Envoy understands it), summed. */
export async function statSum(stage: StagePlan, filter: string): Promise<number> {
  const text = await readAdmin(stage, `/stats?format=json&filter=${encodeURIComponent(filter)}`)
  return statsWire.parse(JSON.parse(text)).stats.reduce((sum, stat) => sum + (stat.value ?? 0), 0)
}

/** Names of secrets that SDS has not delivered. */
export async function warmingSecrets(stage: StagePlan): Promise<readonly string[]> {
  const text = await readAdmin(stage, '/config_dump?resource=dynamic_warming_secrets')
  return warmingWire.parse(JSON.parse(text)).configs.map((config) => config.name)
}
