import type { Injection } from '../../controls.ts'

/** How the lab makes the faults that need its second tier. */
export const clusterInjections: ReadonlyMap<string, Injection> = new Map<string, Injection>([])
