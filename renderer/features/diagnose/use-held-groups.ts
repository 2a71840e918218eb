import { useState } from 'react'
import type { RefusalGroup } from '../../../shared/domain/diagnosis/refusals/model.ts'
import { type HeldOrder, holdOrder } from './held-order.ts'

/**
 * The order of the list. While a row is read, or somebody points at the list, none moves and what is new waits; otherwise it is
 * as the service tells it, and so it is for another time (`minutes`).
 */
export function useHeldGroups(
  latest: readonly RefusalGroup[],
  minutes: number,
  isRead: boolean,
): HeldOrder & { readonly takeAll: () => void; readonly onPointedAt: (is: boolean) => void } {
  const [isPointedAt, setPointedAt] = useState(false)
  const [taken, setTaken] = useState({ minutes, groups: latest })
  const takeAll = () => setTaken({ minutes, groups: latest })
  const isHeld = taken.minutes === minutes && taken.groups.length > 0 && (isPointedAt || isRead)
  if (!isHeld && (taken.groups !== latest || taken.minutes !== minutes)) takeAll()
  return { ...holdOrder(isHeld ? taken.groups : latest, latest), takeAll, onPointedAt: setPointedAt }
}
