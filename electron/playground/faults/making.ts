import type { FaultControls, PlaygroundFault } from '../parts.ts'

/** How one fault is made and undone. `seen` and `healed` resolve when the wire tells so; they are asked before the change. */
export interface Making {
  change(): void | Promise<void>
  undo(): void | Promise<void>
  seen?(): Promise<void>
  healed?(): Promise<void>
}

/** A fault that is undone by itself when nothing on the wire shows it, so that a failed try breaks nothing. */
export function making(plan: (playground: FaultControls) => Making | Promise<Making>): PlaygroundFault {
  return async (playground) => {
    const { change, undo, seen, healed } = await plan(playground)
    try {
      await together(seen, change)
    } catch (reason) {
      if (!playground.ended.aborted) await undo()
      throw reason
    }
    return () => together(healed, undo)
  }
}

async function together(sight: (() => Promise<void>) | undefined, work: () => void | Promise<void>): Promise<void> {
  const seeing = sight?.()
  await Promise.all([seeing, work()])
}
