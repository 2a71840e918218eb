import type { PlaygroundState } from '../../shared/contract/playground.ts'
import { type FaultId, faults } from '../../shared/faults/index.ts'

/** A playground that changes only its words. */
export function playgroundFixture(isRunning: boolean) {
  const running: PlaygroundState = {
    phase: 'running',
    startedAt: Date.now() - 60_000,
    authorisation: 'no-opa',
    active: null,
    changing: false,
    heldBack: 0,
  }
  let state: PlaygroundState = isRunning ? running : { phase: 'stopped' }
  const become = async (next: PlaygroundState) => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    state = next
    return state
  }
  return {
    state: async () => state,
    start: () => become(running),
    stop: () => become({ phase: 'stopped' }),
    faults: async () =>
      faults.map(({ id, kind, title, words, lookFor, playground }) => ({
        id,
        kind,
        title,
        words,
        lookFor,
        notHere: playground.made ? null : playground.why,
        look: { stage: 'gateway' },
      })),
    inject: ({ fault }: { fault: FaultId }) => become({ ...running, active: { fault, since: Date.now() } }),
    heal: () => become(running),
  }
}
