import type { Slot, Workload } from '../domain/model/graph.ts'
import type { WorkloadState } from '../domain/model/hop-state.ts'
import { workloadSeverity } from '../domain/model/hop-state.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { formatAge, formatDuration, speakDuration } from './durations.ts'
import { workloadStateLabel } from './states.ts'
import { spokenLeases } from './vault-leases.ts'

/** The second line of a card: "SVID 41 m 39 s", "expired 3 m 24 s", "No SVID", "unknown, 9 m". */
export function countdownText(workload: Workload, now: EpochMs): string {
  const { state, svid } = workload
  if (state.state === 'no-identity') return 'No SVID'
  const shown = svid.loaded.known ? svid.loaded : svid.presented
  if (shown.known && shown.value.notAfter !== null) {
    const left = shown.value.notAfter - now
    const mark = shown.stale ? '?' : ''
    if (left <= 0) return `expired ${formatDuration(left)}${mark}`
    return `${state.state === 'external' ? 'Cert' : 'SVID'} ${formatDuration(left)}${mark}`
  }
  if (state.state === 'external') return 'external'
  return unknownText(workload, now)
}

/** Share of the SVID's life that is left, 0 to 1, for the ring; null when it is not known. */
export function lifetimeLeft(workload: Workload, now: EpochMs): number | null {
  const shown = workload.svid.loaded.known ? workload.svid.loaded : workload.svid.presented
  if (!shown.known || shown.value.notAfter === null || shown.value.notBefore === null) return null
  const life = shown.value.notAfter - shown.value.notBefore
  if (life <= 0) return 0
  return Math.min(1, Math.max(0, (shown.value.notAfter - now) / life))
}

/** The accessible name of a workload: "tool-runtime, tools/tool-runtime, failing, SVID expired 3 minutes 24 seconds ago." */
export function workloadSentence(workload: Workload, now: EpochMs): string {
  const parts = [workload.name]
  if (workload.identityLabel !== workload.name && workload.identityLabel !== '') parts.push(workload.identityLabel)
  parts.push(workloadStateLabel(workload.state.state))
  const expiry = spokenExpiry(workload, now)
  if (expiry !== null) parts.push(expiry)
  const leases = spokenLeases(workload, now)
  if (leases !== null) parts.push(leases)
  return `${parts.join(', ')}.`
}

/** A group of workloads in words: "35 verified", "1 failing", "2 unknown", worst first. */
export function groupStateWords(
  states: Readonly<Partial<Record<WorkloadState, number>>>,
): readonly { readonly state: WorkloadState; readonly text: string }[] {
  return workloadSeverity.flatMap((state) => {
    const count = states[state] ?? 0
    return count === 0 ? [] : [{ state, text: `${count.toLocaleString('en-GB')} ${workloadStateLabel(state)}` }]
  })
}

/** The accessible name of a group: "38 tool workers: 1 failing, 2 unknown, 35 verified." */
export function groupSentence(name: string, states: Readonly<Partial<Record<WorkloadState, number>>>): string {
  return `${name}: ${groupStateWords(states)
    .map((part) => part.text)
    .join(', ')}.`
}

/** What a slot shows: "–" does not apply, "?" unknown, "r42?" the last known value. */
export function slotText(slot: Slot): string {
  if (slot.kind === 'none') return '–'
  if (slot.kind === 'unknown') return slot.last === null ? '?' : `${slot.last}?`
  return slot.text
}

function unknownText(workload: Workload, now: EpochMs): string {
  const reads = workload.state.missing.flatMap((missing) => (missing.lastReadAt === null ? [] : [missing.lastReadAt]))
  return reads.length === 0 ? 'unknown' : `unknown, ${formatAge(now - Math.min(...reads))}`
}

function spokenExpiry(workload: Workload, now: EpochMs): string | null {
  const shown = workload.svid.loaded.known ? workload.svid.loaded : workload.svid.presented
  if (!shown.known || shown.value.notAfter === null) return null
  const left = shown.value.notAfter - now
  const what = workload.state.state === 'external' ? 'certificate' : 'SVID'
  return left <= 0 ? `${what} expired ${speakDuration(left)} ago` : `${what} valid for ${speakDuration(left)}`
}
