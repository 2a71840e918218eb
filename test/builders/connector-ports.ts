import type { ConnectorPorts } from '../../electron/core/ports.ts'
import { systemClock } from '../../electron/platform/clock.ts'
import { dial } from '../../electron/platform/dial.ts'
import { createFiles } from '../../electron/platform/files.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'

/** The real platform with a quick pace: the first turn at once, further ones every 50 ms. For tests. */
export function connectorPorts(changes: Partial<ConnectorPorts> = {}): ConnectorPorts {
  const had = new Set<string>()
  return {
    clock: systemClock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    dial,
    get: createHttpGet(dial),
    files: createFiles({ pollMs: 50 }),
    pace: {
      async turn(instance, signal) {
        if (had.has(instance)) await systemClock.sleep(50, signal)
        had.add(instance)
      },
      request: () => Promise.resolve(),
      holdOff: () => {},
    },
    ...changes,
  }
}
