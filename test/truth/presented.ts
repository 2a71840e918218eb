import { once } from 'node:events'
import { connect as connectTo } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { Lab } from '../lab/lab.ts'
import type { MintedSvid } from '../lab/spire/server-tool.ts'
import type { LabTruth, StageTruth } from '../lab/truth.ts'
import { valueOf, workloadOf } from './compare.ts'

/**
 * The truth that Envoy's admin endpoint has no part in: a handshake of our own with each listener, by mutual TLS 1.3, from the
 * address and with an SVID of a caller that it takes. Verified by SPIRE's bundle, so a certificate that is not SPIRE's is an error.
 */
export interface Probe {
  /** What differs between the leaf that is presented and the one that the graph says is loaded; one sentence each. */
  differences(graph: TrustGraph, truth: LabTruth): Promise<readonly string[]>
}

export function createProbe(lab: Lab): Probe {
  const minted = new Map<string, Promise<MintedSvid>>()
  const svidOf = (spiffeId: string): Promise<MintedSvid> => {
    const known = minted.get(spiffeId) ?? lab.mintSvid(spiffeId)
    minted.set(spiffeId, known)
    return known
  }
  return {
    async differences(graph, truth) {
      const found = await Promise.all(
        truth.stages.map(async (stage) => {
          const from = truth.hops.find((hop) => hop.to === stage.stage)?.from
          const caller = truth.stages.find((candidate) => candidate.stage === from)
          if (stage.ingress === null || stage.ingressTls !== 'mtls' || caller === undefined) return []
          const loaded = workloadOf(graph, stage.spiffeId)?.svid.loaded
          const shown = loaded === undefined ? undefined : valueOf(loaded)
          const seen = `${shown?.spiffeId} ${shown?.serial?.replace(/^0+/, '')} until ${shown?.notAfter}`
          const real = await presentedBy(stage.ingress, caller, await svidOf(caller.spiffeId)).catch(
            (error: unknown) => `no certificate: ${String(error)}`,
          )
          return seen === real ? [] : [`${stage.stage}: presents ${real}, and is shown with ${seen}`]
        }),
      )
      return found.flat()
    },
  }
}

async function presentedBy(ingress: string, caller: StageTruth, svid: MintedSvid): Promise<string> {
  const [host = '', port] = ingress.split(':')
  const socket: TLSSocket = connect({
    socket: connectTo({ host, port: Number(port), localAddress: caller.address }),
    cert: svid.certificate,
    key: svid.key,
    ca: svid.bundle,
    minVersion: 'TLSv1.3',
    // SVIDs have no host names; the identity is compared by who asked.
    checkServerIdentity: () => undefined,
  })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(3000) })
    const leaf = socket.getPeerX509Certificate()
    if (leaf === undefined) throw new Error('none was presented')
    const [, spiffeId] = /URI:(spiffe:[^,]+)/.exec(leaf.subjectAltName ?? '') ?? []
    return `${spiffeId} ${leaf.serialNumber.toLowerCase().replace(/^0+/, '')} until ${Date.parse(leaf.validTo)}`
  } finally {
    socket.destroy()
  }
}
