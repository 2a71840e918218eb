/** Lets only so many do something at the same time, first come first served, and only some of one kind. */
export interface Gate {
  /** Waits for a place, does the work, and leaves. Rejects with the work's error, or with the signal's reason while it waits. */
  pass<Result>(kind: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result>
}

export function createGate(limits: { readonly inAll: number; readonly perKind: number }): Gate {
  const inside = new Map<string, number>()
  const waiting: { readonly kind: string; readonly go: () => void }[] = []
  let all = 0

  const hasRoom = (kind: string): boolean => all < limits.inAll && (inside.get(kind) ?? 0) < limits.perKind

  function enter(kind: string): void {
    all += 1
    inside.set(kind, (inside.get(kind) ?? 0) + 1)
  }

  function leave(kind: string): void {
    all -= 1
    const left = (inside.get(kind) ?? 1) - 1
    if (left === 0) inside.delete(kind)
    else inside.set(kind, left)
    const next = waiting.findIndex((one) => hasRoom(one.kind))
    if (next >= 0) waiting.splice(next, 1)[0]?.go()
  }

  function admitted(kind: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (hasRoom(kind)) {
      enter(kind)
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const place = {
        kind,
        go: (): void => {
          signal.removeEventListener('abort', stop)
          enter(kind)
          resolve()
        },
      }
      const stop = (): void => {
        waiting.splice(waiting.indexOf(place), 1)
        reject(signal.reason)
      }
      waiting.push(place)
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  return {
    async pass(kind, signal, work) {
      await admitted(kind, signal)
      try {
        return await work()
      } finally {
        leave(kind)
      }
    },
  }
}
