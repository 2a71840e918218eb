import { tellOfIdentity as tell } from '../reasons.ts'
import {
  type EntryCandidate,
  entriesLackIt,
  heldAgainst,
  type IdentityView,
  nameOf,
  newForMs,
  ofCandidate,
  unmet,
} from '../view.ts'
import { declaringIt } from './objects.ts'
import { found, type IdentityRule, ruledOut } from './rule.ts'

/** ID-01, ID-10, ID-11: it ought to have an entry, and SPIRE has none. */
export const entryMissing: IdentityRule = {
  id: 'entry-missing',
  cause: 'entry-missing',
  faults: ['entry-deleted', 'hop-without-identity', 'unregistered-workload'],
  examine(view) {
    const { own, owner, until, of, objects, knowsObjects, place } = view
    const ended = own.find(({ entry }) => entry.entryExpiresAt !== null && entry.entryExpiresAt <= of.now)
    if (ended !== undefined && own.length === 1) {
      const said = tell('entry-has-run-out', { owner, entry: ended.name, at: ended.entry.entryExpiresAt ?? of.now })
      return found(said, [ofCandidate(ended, said, 'decisive')])
    }
    const [there] = own
    if (there !== undefined) {
      const said = tell('entry-is-there', { entry: there.name, spiffeId: there.spiffeId })
      return ruledOut(said, there.stale ? null : ofCandidate(there, said, 'contradiction'))
    }
    const [declared] = declaringIt(view)
    if (declared !== undefined) {
      const object = nameOf(declared)
      // The controller makes entries of a new pod within seconds.
      const isNew = place !== null && of.now - place.pod.createdAt < newForMs
      const said = declared.notes[0] ?? tell('object-fits', { object, spiffeId: declared.spiffeId })
      const isUnset = declared.kind === 'ClusterStaticEntry' && declared.object.status?.set === false
      const lacking = entriesLackIt(view, isNew || declared.stale ? 'state-now' : 'decisive')
      if (lacking.length === 0 && !isUnset) return null
      return found(
        tell('no-entry-though-declared', { owner, object, until }),
        [...lacking, ofCandidate(declared, said, isUnset ? 'contradiction' : 'configuration')],
        { against: view.knowsEntries ? [] : heldAgainst(view) },
      )
    }
    // Where objects make the entries it is they that lack it; that is another rule's to say.
    if (knowsObjects === true && objects.length > 0 && place !== null) return null
    // Without its SPIFFE ID an entry that might fit its process may be its own.
    if (of.spiffeId === null && (place === null || view.entries.some(({ fits }) => fits !== false))) return null
    const isByHand = knowsObjects === null || (knowsObjects && objects.length === 0)
    return found(
      tell('no-entry-in-spire', { owner, spiffeId: of.spiffeId, until }),
      entriesLackIt(view, isByHand ? 'decisive' : 'contradiction'),
    )
  },
}

/** Every entry of its SPIFFE ID asks for something that its pod does not have. */
export const entrySelectorsMismatch: IdentityRule = {
  id: 'entry-selectors-mismatch',
  cause: 'entry-selectors-mismatch',
  faults: [],
  examine(view) {
    const { own, owner } = view
    const first = whereAll(own, (each) => missed(each) !== undefined)
    const criterion = first === null ? undefined : missed(first)
    if (first === null || criterion === undefined) return null
    const { key, want, have } = criterion
    return found(
      tell('entry-asks-for-others', { owner, entry: first.name, want, have }),
      [ofCandidate(first, tell('object-asks', { object: nameOf(first), key, want, have }), certainty(view))],
      { against: heldAgainst(view) },
    )
  },
}

/** ID-06. */
export const entryOfAnotherAgent: IdentityRule = {
  id: 'entry-of-another-agent',
  cause: 'entry-of-another-agent',
  faults: [],
  examine(view) {
    const { own, owner, agent } = view
    const isElsewhere = (each: EntryCandidate): boolean => {
      const [only, ...others] = unmet(each)
      return only?.part === 'parent' && others.length === 0
    }
    const first = whereAll(own, isElsewhere)
    if (first === null) return null
    const parent = first.entry.parentId
    return found(
      tell('entry-for-other-machine', { owner, entry: first.name, parent, machine: agent.machine }),
      [
        ofCandidate(
          first,
          tell('object-asks', { object: nameOf(first), key: 'parentId', want: parent, have: agent.machine }),
          certainty(view),
        ),
      ],
      { against: heldAgainst(view) },
    )
  },
}

function missed(each: EntryCandidate) {
  return unmet(each).find(({ part }) => part === 'selector')
}

function whereAll(own: readonly EntryCandidate[], holds: (each: EntryCandidate) => boolean): EntryCandidate | null {
  const [first] = own
  return first !== undefined && own.every(holds) ? first : null
}

/** An entry that is not listed might fit. */
function certainty({ knowsEntries, knowsObjects }: IdentityView): 'decisive' | 'contradiction' | 'state-now' {
  if (!knowsEntries) return 'state-now'
  return knowsObjects === true ? 'decisive' : 'contradiction'
}
