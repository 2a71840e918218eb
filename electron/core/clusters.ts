import { type ClusterLink, createClusterLink } from './cluster-link.ts'
import type { LoadedEnvironment } from './environments.ts'
import type { ObservationPorts } from './source-tasks.ts'
import { settingsOf } from './source-tasks.ts'

/** The ways into the clusters of one environment, opened once for all that is read there. */
export interface ClusterLinks {
  /** Closes the ways into clusters that are no longer named, or otherwise. */
  update(loaded: LoadedEnvironment): void
  linkOf(cluster: string): ClusterLink | null
  ids(): readonly string[]
  close(): void
}

export function createClusterLinks(ports: ObservationPorts): ClusterLinks {
  const links = new Map<string, { readonly definition: string; readonly link: ClusterLink }>()

  function close(id: string): void {
    links.get(id)?.link.close()
    links.delete(id)
  }

  return {
    update(loaded) {
      const settings = settingsOf(loaded)
      const wanted = new Map(loaded.environment.sources.kubernetes.map((source) => [source.id, source]))
      for (const [id, { definition }] of links) {
        const source = wanted.get(id)
        if (source === undefined || JSON.stringify([source, settings.baseDirectory]) !== definition) close(id)
      }
      for (const [id, source] of wanted) {
        if (links.has(id)) continue
        const definition = JSON.stringify([source, settings.baseDirectory])
        links.set(id, { definition, link: createClusterLink(source, settings, ports, ports.openCluster) })
      }
    },
    linkOf: (cluster) => links.get(cluster)?.link ?? null,
    ids: () => [...links.keys()],
    close() {
      for (const id of links.keys()) close(id)
    },
  }
}
