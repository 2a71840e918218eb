import type { World } from '../../parts.ts'
import { clusterName } from '../../world/addresses.ts'

/** What the controller manager prints when it starts, and when it has made the entries that are there then. */
export function managerLines(world: World): readonly string[] {
  const time = `${new Date(world.clock.now()).toISOString().slice(0, 19)}Z`
  const config = {
    'cluster name': clusterName,
    'trust domain': world.authority.trustDomain,
    'class name': clusterName,
    'reconcile ClusterSPIFFEIDs': true,
    'reconcile ClusterStaticEntries': true,
  }
  return [
    line('setup', 'Config loaded', config),
    line('setup', 'starting manager', {}),
    ...world
      .entries()
      .map(({ id, spiffeId, parentId }) =>
        line('entry-reconciler', 'Created entry', { id, parentID: parentId, spiffeID: spiffeId }),
      ),
  ]

  function line(logger: string, words: string, fields: object): string {
    return `${time}\tINFO\t${logger}\t${words}\t${JSON.stringify(fields)}`
  }
}
