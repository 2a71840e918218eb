import { registrationOf } from './identities.ts'
import { making } from './making.ts'

/** Nothing changes on the wire before its SVID runs out. */
export const entryDeleted = making((playground) => {
  const registration = registrationOf(playground, 'output-filter')
  return { change: registration.remove, undo: registration.restore }
})
