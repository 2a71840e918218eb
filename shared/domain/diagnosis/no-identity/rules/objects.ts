import type { Evidence, EvidenceClass } from '../../model.ts'
import type { IdentityCriterion } from '../model.ts'
import { isNear } from '../near.ts'
import { tellOfIdentity as tell } from '../reasons.ts'
import {
  entriesLackIt,
  heldAgainst,
  type IdentityView,
  nameOf,
  type ObjectCandidate,
  ofCandidate,
  unmet,
} from '../view.ts'
import { found, type IdentityRule, ruledOut } from './rule.ts'

type ByPods = Extract<ObjectCandidate, { kind: 'ClusterSPIFFEID' }>

export function byPods({ objects }: IdentityView): readonly ByPods[] {
  return objects.flatMap((each) => (each.kind === 'ClusterSPIFFEID' ? [each] : []))
}

const isLabel = ({ part }: IdentityCriterion): boolean => part === 'pod-label' || part === 'namespace-label'

/** An SVID that is held while the entries cannot be read says that there may be one. */
function against(view: IdentityView): readonly Evidence[] {
  return view.knowsEntries ? [] : heldAgainst(view)
}

/** ID-08. */
export const templateFails: IdentityRule = {
  id: 'template-fails',
  cause: 'template-fails',
  faults: [],
  examine(view) {
    if (view.own.length > 0) return null
    for (const each of byPods(view)) {
      const { rendering, object } = each
      const failures = object.stats?.podEntryRenderFailures ?? null
      if (rendering?.outcome !== 'fails' || failures === 0) continue
      if (unmet(each).some(({ part }) => part !== 'template')) continue
      const name = nameOf(each)
      const rest = { object: name, key: rendering.field, want: object.spiffeIdTemplate, have: null }
      const said = failures === null ? null : tell('controller-render-failures', { object: name, count: failures })
      return found(
        tell('template-not-rendered', { owner: view.owner, object: name, field: rendering.field }),
        [
          ofCandidate(each, tell('object-asks', rest), 'contradiction'),
          // Its controller tells how many could not be rendered, and not which: this one is among those it selects.
          said === null ? null : ofCandidate(each, said, view.lacksEntry ? 'decisive' : 'contradiction'),
        ],
        { against: against(view) },
      )
    }
    return null
  },
}

/** ID-07. The controller's configuration is not read: that it ignores these namespaces is its default, and it says that it ignored some. */
export const namespaceExcluded: IdentityRule = {
  id: 'namespace-excluded',
  cause: 'namespace-excluded',
  faults: [],
  examine(view) {
    const { place, own, owner } = view
    if (own.length > 0 || place === null) return null
    const ignored = byPods(view).find((each) => {
      const [only, ...others] = unmet(each)
      return only?.part === 'namespace' && only.state === 'differs' && others.length === 0
    })
    if (ignored === undefined) return null
    const count = ignored.object.stats?.namespacesIgnored ?? 0
    const name = nameOf(ignored)
    return found(
      tell('namespace-is-ignored', { owner, object: name, namespace: place.pod.namespace }),
      [ofCandidate(ignored, tell('controller-namespaces-ignored', { object: name, count }), 'contradiction')],
      { against: against(view) },
    )
  },
}

/** ID-10: nobody reports on such an object, so its class is all that tells. The configuration of a manager is not read. */
export const classWithoutManager: IdentityRule = {
  id: 'class-without-manager',
  cause: 'class-without-manager',
  faults: [],
  examine(view) {
    const { own, owner, lacksEntry } = view
    if (own.length > 0 || declaringIt(view).length > 0) return null
    const passedOver = view.objects.find((each) => {
      const [only, ...others] = unmet(each)
      return only?.part === 'class' && others.length === 0 && each.isExpected !== false
    })
    const [criterion] = passedOver === undefined ? [] : unmet(passedOver)
    if (passedOver === undefined || criterion === undefined) return null
    const object = nameOf(passedOver)
    const { className } = passedOver.object
    return found(
      tell('class-has-no-manager', { owner, object, className, acting: criterion.have ?? '' }),
      [
        ofCandidate(
          passedOver,
          tell('object-is-of-class', { object, className }),
          lacksEntry ? 'contradiction' : 'state-now',
        ),
        ...entriesLackIt(view, 'configuration'),
      ],
      { against: against(view) },
    )
  },
}

/** ID-01: an object that is meant for it as far as can be told, and asks for labels that it does not have. */
export const selectorMismatch: IdentityRule = {
  id: 'selector-mismatch',
  cause: 'selector-mismatch',
  faults: ['cluster-spiffe-id-selects-nothing'],
  examine(view) {
    if (view.own.length > 0 || declaringIt(view).length > 0) return null
    const [meant] = meantFor(view)
    if (meant === undefined) return null
    const { each, criterion, weight } = meant
    const object = nameOf(each)
    const { key, want, have } = criterion
    return found(
      tell('selectors-miss-it', { owner: view.owner, object, want, have, until: view.until }),
      [
        ofCandidate(each, tell('object-asks', { object, key, want, have }), weight),
        each.selected.length === 0
          ? ofCandidate(each, tell('object-selects-none', { object }), 'configuration')
          : ofCandidate(
              each,
              tell('object-selects-siblings', { object, namespace: view.place?.pod.namespace ?? '' }),
              'configuration',
            ),
        ...entriesLackIt(view, 'configuration'),
      ],
      { against: against(view) },
    )
  },
}

const nearly: readonly IdentityRule[] = [templateFails, namespaceExcluded, classWithoutManager, selectorMismatch]

/** ID-01: nothing in the cluster is for it. */
export const noClusterSpiffeId: IdentityRule = {
  id: 'no-cluster-spiffeid',
  cause: 'no-cluster-spiffeid',
  faults: ['unregistered-workload', 'hop-without-identity', 'entry-deleted'],
  examine(view) {
    const { objects, own, place, owner, of, knowsObjects, knowsEntries } = view
    const [declared] = declaringIt(view)
    if (declared !== undefined) {
      const said = tell('object-fits', { object: nameOf(declared), spiffeId: declared.spiffeId })
      return ruledOut(said, ofCandidate(declared, said, 'contradiction'))
    }
    if (own.length > 0 || knowsObjects !== true || objects.length === 0) return null
    // Without its pod or its SPIFFE ID some of the objects cannot be held against it.
    if (objects.some((each) => maySelect(each)) || (place === null && of.spiffeId === null)) return null
    if (place === null && of.clusters.some(({ spiffeIds }) => spiffeIds.length > 0)) return null
    // An object that nearly is for it is the better answer, however certain.
    if (nearly.some((rule) => rule.examine(view)?.kind === 'found')) return null
    const [first] = objects
    if (first === undefined) return null
    const read = tell('objects-lack-it', { cluster: first.cluster.id, objects: objects.length })
    return found(
      tell('nothing-declares-it', { owner, spiffeId: of.spiffeId, until: view.until }),
      // Entries that somebody made by hand are seen only in SPIRE.
      [ofCandidate(first, read, 'contradiction'), ...entriesLackIt(view, 'decisive')],
      {
        against: against(view),
        open: knowsEntries
          ? []
          : [{ reason: tell('source-not-read', { source: 'spire', what: 'entries' }), couldChangeVerdict: true }],
      },
    )
  },
}

/** Objects that say that this workload gets an identity. */
export function declaringIt({ objects }: IdentityView): readonly ObjectCandidate[] {
  return objects.filter(({ kind, fits, isExpected }) =>
    kind === 'ClusterSPIFFEID' ? fits === true && isExpected !== false : isExpected === true || fits === true,
  )
}

/** It cannot be told that it is not for this workload. */
function maySelect({ kind, fits, isExpected }: ObjectCandidate): boolean {
  return kind === 'ClusterSPIFFEID' ? fits !== false : isExpected === null && fits !== false
}

interface Meant {
  readonly each: ByPods
  readonly criterion: IdentityCriterion
  readonly weight: EvidenceClass
}

const order: readonly EvidenceClass[] = ['decisive', 'contradiction', 'state-now']

/**
 * Objects that are probably meant for it. Most templates give every pod the SPIFFE ID of its service account, so that this fits
 * says nothing; a misspelt label does, and so does a label that the pods beside it have.
 */
function meantFor(view: IdentityView): readonly Meant[] {
  return byPods(view)
    .flatMap((each): Meant[] => {
      const [criterion, ...others] = unmet(each)
      if (criterion === undefined || others.length > 0 || !isLabel(criterion)) return []
      if (each.isExpected === false) return []
      const weight = weightOf(view, each, criterion)
      return weight === null ? [] : [{ each, criterion, weight }]
    })
    .toSorted((one, other) => order.indexOf(one.weight) - order.indexOf(other.weight))
}

function weightOf(
  { place, lacksEntry, knowsObjects }: IdentityView,
  each: ByPods,
  criterion: IdentityCriterion,
): EvidenceClass | null {
  const wanted = criterion.want.startsWith(`${criterion.key} = `)
    ? criterion.want.slice(criterion.key.length + 3)
    : null
  const isMisspelt =
    criterion.state === 'differs'
      ? wanted !== null && criterion.have !== null && isNear(wanted, criterion.have)
      : wanted !== null &&
        Object.entries(place?.pod.labels ?? {}).some(([key, value]) => isNear(key, criterion.key) && value === wanted)
  const selectsNone = each.selected.length === 0 && (each.object.stats === null || each.object.stats.podsSelected === 0)
  if (isMisspelt) return selectsNone && lacksEntry && knowsObjects === true ? 'decisive' : 'contradiction'
  const siblings = each.selected.filter(({ namespace }) => namespace === place?.pod.namespace)
  const isAbsent = criterion.state === 'missing'
  if (isAbsent && (siblings.length > 0 || criterion.part === 'namespace-label')) return 'contradiction'
  return selectsNone && isAbsent ? 'state-now' : null
}
