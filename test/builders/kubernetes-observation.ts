import { kubernetesConnector } from '../../electron/connectors/kubernetes/index.ts'
import type { ConnectorPorts } from '../../electron/core/ports.ts'
import type { KubernetesSource } from '../../shared/domain/model/environment.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import { connectorPorts } from './connector-ports.ts'

/** One running observation of a cluster, with the latest report of each part. */
export interface Observed {
  latest(part: string): Report | undefined
  /** All reports of a part so far. */
  all(part: string): readonly Report[]
  until(holds: () => boolean): Promise<void>
  end(): Promise<void>
}

export function observeCluster(source: Omit<KubernetesSource, 'id'>, changes: Partial<ConnectorPorts> = {}): Observed {
  const abort = new AbortController()
  const reports: Report[] = []
  let wake: () => void = () => {}
  const settings = { baseDirectory: '/', windowSeconds: 60 }
  const observing = kubernetesConnector.observe({ id: 'c', ...source }, settings, connectorPorts(changes), abort.signal)
  const done = (async () => {
    for await (const report of observing) {
      reports.push(report)
      wake()
    }
  })()
  done.catch(() => wake())
  const all = (part: string) => reports.filter(({ scope }) => scope === `kubernetes/c/${part}`)
  return {
    all,
    latest: (part) => all(part).at(-1),
    async until(holds) {
      while (!holds()) {
        const next = new Promise<void>((resolve) => {
          wake = resolve
        })
        await Promise.race([next, done.then(() => Promise.reject(new Error('the observation ended by itself')))])
      }
    },
    async end() {
      abort.abort()
      await done.catch((error: unknown) => {
        if (!abort.signal.aborted) throw error
      })
    },
  }
}
