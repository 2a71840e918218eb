import type { FaultControls, Svid } from '../parts.ts'
import { spiffeIdOf, stageOf } from '../pipeline/topology.ts'

const endedMs = 2000

/** An SVID of a stage that lived as long as every other and has just run out. */
export function endedSvid({ world }: FaultControls, stage: string): Promise<Svid> {
  const notAfter = world.clock.now() - endedMs
  const spiffeId = spiffeIdOf(stageOf(stage))
  return world.authority.issue({ spiffeId, notBefore: notAfter - world.svidSeconds * 1000, notAfter })
}

/** The registration of a stage, in SPIRE and in the object that declares it. */
export function registrationOf({ world, simulators: { kubernetes } }: FaultControls, stage: string) {
  const object = kubernetes.get('ClusterStaticEntry', null, stage)
  return {
    remove: (): void => {
      kubernetes.remove('ClusterStaticEntry', null, stage)
      world.removeEntry(stage)
    },
    restore: (): void => {
      world.restoreEntry(stage)
      if (object !== null) kubernetes.set(object)
    },
  }
}
