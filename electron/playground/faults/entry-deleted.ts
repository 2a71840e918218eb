import type { PlaygroundFault } from '../parts.ts'
import { unregister } from './identities.ts'

/** Nothing changes on the wire before its SVID runs out. */
export const entryDeleted: PlaygroundFault = async (playground) => {
  const register = unregister(playground, 'output-filter')
  return async () => register()
}
