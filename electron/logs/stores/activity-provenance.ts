import type { TimeWindow } from '../../core/log-store.ts'
import type { FactWindow } from '../activity/activity.ts'

/** Facts of the store have the ids of those that `observe` gives of the same source. */
export function activityFrom(source: string, window: TimeWindow): FactWindow {
  return {
    scope: `logs/${source}/activity`,
    from: {
      source: 'logs',
      instance: source,
      locator: `log store, envoy-access of ${source} from ${iso(window.from)} to ${iso(window.to)}`,
      observedAt: window.to,
      basis: 'measured',
    },
    windowFrom: window.from,
    windowTo: window.to,
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
