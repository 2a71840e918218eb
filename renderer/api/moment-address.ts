import { z } from 'zod'
import type { EpochMs } from '../../shared/domain/model/time.ts'

/** The time that is looked at, in the address of every screen: as people write it, or milliseconds since 1970. */
export const momentAddressSchema = z.object({
  at: z
    .union([z.string().max(40), z.number()])
    .optional()
    .catch(undefined),
})

/** null: now; also where a link was damaged. */
export function momentOf(at: string | number | undefined): EpochMs | null {
  if (at === undefined) return null
  const time = typeof at === 'number' ? at : /^\d{9,}$/.test(at) ? Number(at) : Date.parse(withZone(at))
  return Number.isInteger(time) && time >= 0 ? time : null
}

/** "2026-11-21T03:12:07Z": nothing that has to be written in another way in an address, whole seconds without a fraction. */
export function momentText(at: EpochMs): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}

/** A time without a zone is one in UTC, as all times on the screen. */
function withZone(text: string): string {
  return /(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes(':') ? text : `${text.trim().replace(' ', 'T')}Z`
}
