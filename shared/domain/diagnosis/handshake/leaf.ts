import type { CertificateView, Known, RegistrationView } from '../../model/graph.ts'
import type { DurationMs } from '../../model/time.ts'
import { deliveryMs, renewsBy } from '../forecast/rotation.ts'
import type { LeafInPlaces } from '../model.ts'
import { tellOfHandshake as tell } from '../reasons.ts'

/** What is read of one side beside the hop itself: its leaf in three places, and its clock. */
export interface SideSights {
  /** As the other side's Envoy logged it in a handshake. */
  readonly presented: Known<CertificateView>
  /** As its own Envoy has it. */
  readonly loaded: Known<CertificateView>
  /** Serial numbers that its Envoy shows in use (`/certs`), of the same SPIFFE ID. */
  readonly inUse: Known<readonly string[]>
  /** What SPIRE issues by; it keeps no list of what it signed. */
  readonly registration: Known<RegistrationView>
  /** Its clock minus the one of who asks. A second is the least that it tells. */
  readonly clock: Known<DurationMs>
}

const untold = { known: false, reason: { code: 'not-applicable', params: {} } } as const

/** Nothing beside the hop was read. */
export const noSights: SideSights = {
  presented: untold,
  loaded: untold,
  inUse: untold,
  registration: untold,
  clock: untold,
}

/**
 * The leaf of one side as a peer saw it, as its Envoy has it, and as SPIRE issues it: whether an old one is served. A serial number
 * that differs is no fault by itself: a connection lives longer than a leaf.
 */
export function leafInPlaces(owner: string, { presented, loaded, inUse, registration }: SideSights): LeafInPlaces {
  const issued: LeafInPlaces['issued'] = registration.known
    ? {
        ...registration,
        value: {
          entryId: registration.value.entryId,
          parentId: registration.value.parentId,
          ttlSeconds: registration.value.ttlSeconds,
          renewsBy: dueOf(loaded),
        },
      }
    : registration
  const places = { presented, loaded, issued }
  const unknown = (known: Known<unknown>): LeafInPlaces => ({
    ...places,
    state: 'unknown',
    reason: tell('not-known-of', { owner, code: known.known ? 'stale' : known.reason.code }),
  })
  if (!loaded.known || loaded.stale) return unknown(loaded)
  const { serial, notAfter } = loaded.value
  const isServed = inUse.known && !inUse.stale && serial !== null ? inUse.value.includes(serial) : null
  if (isServed === false && inUse.known && inUse.value.length > 0) {
    return { ...places, state: 'wrong', reason: tell('delivered-not-served', { owner, serial: serial ?? '' }) }
  }
  const due = dueOf(loaded)
  // By when it was read: what was renewed since is not known yet, and no fault.
  if (due !== null && loaded.fact.observedAt > due + deliveryMs && notAfter !== null) {
    return { ...places, state: 'wrong', reason: tell('older-than-due', { owner, renewsBy: due, notAfter }) }
  }
  const seen = presented.known && !presented.stale ? presented.value : null
  if (seen === null || seen.serial === null || serial === null) {
    return due === null
      ? unknown(presented)
      : { ...places, state: 'fine', reason: tell('loaded-is-current', { owner, renewsBy: due }) }
  }
  if (seen.serial === serial)
    return { ...places, state: 'fine', reason: tell('presented-is-loaded', { owner, serial }) }
  if (seen.notAfter === null || notAfter === null) return unknown(presented)
  return seen.notAfter > notAfter
    ? { ...places, state: 'wrong', reason: tell('went-back-to-older', { owner, serial, seen: seen.serial }) }
    : { ...places, state: 'fine', reason: tell('renewed-since-seen', { owner, serial, seen: seen.serial }) }
}

function dueOf(loaded: Known<CertificateView>): number | null {
  if (!loaded.known || loaded.value.notBefore === null || loaded.value.notAfter === null) return null
  return renewsBy(loaded.value.notBefore, loaded.value.notAfter)
}
