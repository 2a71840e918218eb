import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { Moment } from '../api/moment.tsx'
import { momentAddressSchema, momentOf, momentText } from '../api/moment-address.ts'

/** The time that the address names, and the way to another one on the same screen. */
export function useMomentAddress(): Pick<Moment, 'at' | 'go'> {
  const search = useSearch({ strict: false })
  const navigate = useNavigate()
  const at = momentOf(momentAddressSchema.parse(search).at)
  const go = useCallback(
    (next: EpochMs | null, options?: { readonly replace?: boolean }) => {
      void navigate({
        to: '.',
        search: (before) => ({ ...before, at: next === null ? undefined : momentText(next) }),
        replace: options?.replace ?? false,
      })
    },
    [navigate],
  )
  return { at, go }
}
