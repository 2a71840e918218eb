import type { EvidenceGap, Period } from '../../../shared/domain/evidence/model.ts'
import type { StoredVaultAudit } from '../../core/log-store.ts'

/** Turned off for less than this, with lines before and after, nothing worth a gap is missing. Milliseconds. */
const briefMs = 60_000

export interface DeviceChange {
  readonly source: string
  readonly device: string
  readonly at: number
  readonly change: 'enabled' | 'disabled'
}

/**
 * Watches a Vault turn its audit devices on and off. From the moment that one is turned off until the next line of the same log there
 * is a gap: with a second device the log that is read goes on, and there is none.
 */
export interface DeviceWatch {
  line(source: string, line: StoredVaultAudit): void
  readonly changes: readonly DeviceChange[]
  gaps(period: Period): readonly EvidenceGap[]
}

export function createDeviceWatch(): DeviceWatch {
  const changes: DeviceChange[] = []
  const open: { readonly source: string; readonly device: string; readonly from: number; to: number | null }[] = []
  return {
    changes,
    line(source, { at, type, outcome, path, operation }) {
      for (const gap of open) {
        if (gap.source === source && at > gap.from && (gap.to === null || at < gap.to)) gap.to = at
      }
      const [, device] = /^sys\/audit\/([^/]+)\/?$/.exec(path) ?? []
      if (device === undefined || type !== 'response' || outcome !== 'done') return
      if (operation === 'delete') {
        changes.push({ source, device, at, change: 'disabled' })
        open.push({ source, device, from: at, to: null })
      } else if (operation === 'update' || operation === 'create') {
        changes.push({ source, device, at, change: 'enabled' })
      }
    },
    gaps: (period) =>
      open
        .map(({ source, device, from, to }) => ({
          source: `logs/${source}`,
          from,
          to: to ?? period.to,
          why: 'disabled' as const,
          detail: device,
        }))
        .filter(({ from, to }) => to - from >= briefMs || to >= period.to),
  }
}
