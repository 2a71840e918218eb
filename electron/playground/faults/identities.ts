import type { FaultControls, Svid } from '../parts.ts'
import { spiffeIdOf, stageOf } from '../pipeline/topology.ts'

/** An SVID of a stage whose life began this long ago and ends then, milliseconds; `leftMs` below zero: it has run out. */
export function svidOfAge({ world }: FaultControls, stage: string, ageMs: number, leftMs: number): Promise<Svid> {
  const now = world.clock.now()
  const spiffeId = spiffeIdOf(stageOf(stage))
  return world.authority.issue({ spiffeId, notBefore: now - ageMs, notAfter: now + leftMs })
}

/**
 * One that should have been renewed by now, and still works for a minute and a half: so that a delivery that stopped long ago is
 * seen at once, and nobody has to wait for it.
 */
export function overdueSvid(playground: FaultControls, stage: string): Promise<Svid> {
  return svidOfAge(playground, stage, 180_000, 90_000)
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
