import { stringify } from 'yaml'
import type { LabelSelector, PodFact } from '../../model/kubernetes-facts.ts'
import type { IdentityCause, IdentityCorrection, IdentityCriterion } from './model.ts'
import { tellOfIdentity as tell } from './reasons.ts'
import { byPods } from './rules/objects.ts'
import { type EntryCandidate, type IdentityView, nameOf, unmet } from './view.ts'

const apiVersion = 'spire.spiffe.io/v1alpha1'
const standardTemplate = 'spiffe://{{ .TrustDomain }}/ns/{{ .PodMeta.Namespace }}/sa/{{ .PodSpec.ServiceAccountName }}'
/** Labels that mean the same pods tomorrow, as the charts of Kubernetes write them. */
const lastingLabels = ['app.kubernetes.io/name', 'app.kubernetes.io/instance', 'app', 'k8s-app', 'name'] as const

/** What would give the workload its identity, to copy; null where nothing that could be written here would. */
export function correctionOf(view: IdentityView, cause: IdentityCause): IdentityCorrection | null {
  switch (cause) {
    case 'selector-mismatch':
      return correctedObject(view) ?? newObject(view)
    case 'no-cluster-spiffeid':
    case 'template-fails':
      return newObject(view)
    case 'entry-missing':
      // Where objects make the entries, one made by hand would be taken away again.
      return isByHand(view) ? newEntry(view) : null
    case 'entry-selectors-mismatch':
    case 'entry-of-another-agent':
      return updatedEntry(view)
    default:
      return null
  }
}

function isByHand({ objects, knowsObjects }: IdentityView): boolean {
  return knowsObjects === null || objects.length === 0
}

/**
 * The object with the label that the pod has; only where it selects nothing else now, which the change would take away. Fields
 * that are not read (federation, DNS names, hint) are not in it, so the patch names what it changes and nothing else.
 */
function correctedObject(view: IdentityView): IdentityCorrection | null {
  const { place } = view
  const meant = byPods(view).find((each) => each.selected.length === 0 && unmet(each).length === 1)
  const [criterion] = meant === undefined ? [] : unmet(meant)
  if (meant === undefined || criterion === undefined || place === null) return null
  const { object } = meant
  const isOfPod = criterion.part === 'pod-label'
  const selector = isOfPod ? object.podSelector : object.namespaceSelector
  const labels = isOfPod ? place.pod.labels : (place.cluster.namespaces.get(place.pod.namespace)?.labels ?? {})
  const corrected = selector === null ? null : withoutMistake(selector, criterion, labels)
  if (corrected === null) return null
  const spec = {
    ...(object.className === null ? {} : { className: object.className }),
    spiffeIDTemplate: object.spiffeIdTemplate,
    ...selectorField('podSelector', isOfPod ? corrected : object.podSelector),
    ...selectorField('namespaceSelector', isOfPod ? object.namespaceSelector : corrected),
    ...(object.ttlSeconds === null ? {} : { ttl: `${object.ttlSeconds}s` }),
    ...(object.fallback ? { fallback: true } : {}),
    ...(object.admin ? { admin: true } : {}),
    ...(object.downstream ? { downstream: true } : {}),
  }
  return manifest({ kind: 'ClusterSPIFFEID', name: object.name, spec }, tell('apply-object', { object: nameOf(meant) }))
}

function withoutMistake(
  { matchLabels, matchExpressions }: LabelSelector,
  { key, have, want }: IdentityCriterion,
  labels: Readonly<Record<string, string>>,
): LabelSelector | null {
  if (!Object.hasOwn(matchLabels, key)) return null
  const { [key]: wanted, ...rest } = matchLabels
  if (have !== null) return { matchLabels: { ...rest, [key]: have }, matchExpressions }
  // A misspelt key: the label of the pod that has the value that is asked for.
  const [other] = Object.entries(labels).find(([, value]) => want === `${key} = ${value}` && value === wanted) ?? []
  return other === undefined || wanted === undefined
    ? null
    : { matchLabels: { ...rest, [other]: wanted }, matchExpressions }
}

/** One for this workload alone, whatever the others select. */
function newObject(view: IdentityView): IdentityCorrection | null {
  const { place, of } = view
  if (place === null) return null
  const { pod } = place
  const labels = lastingLabelsOf(pod)
  if (labels === null) return null
  const classes = [...new Set(byPods(view).map(({ object }) => object.className))]
  const [className = null] = classes
  const path = of.spiffeId?.replace(/^spiffe:\/\/[^/]*/, '') ?? null
  const isStandard = path === null || path === `/ns/${pod.namespace}/sa/${pod.serviceAccount}`
  // Braces of a path would be a template; no SPIFFE ID has them.
  if (!isStandard && !/^[A-Za-z0-9._/-]+$/.test(path)) return null
  const name = `${pod.namespace}-${pod.serviceAccount}`.slice(0, 253)
  const spec = {
    ...(classes.length === 1 && className !== null ? { className } : {}),
    spiffeIDTemplate: isStandard ? standardTemplate : `spiffe://{{ .TrustDomain }}${path}`,
    podSelector: { matchLabels: labels },
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': pod.namespace } },
  }
  return manifest(
    { kind: 'ClusterSPIFFEID', name, spec },
    tell('apply-new-object', { object: `ClusterSPIFFEID/${name}` }),
  )
}

function lastingLabelsOf({ labels }: PodFact): Readonly<Record<string, string>> | null {
  const found = lastingLabels.filter((key) => Object.hasOwn(labels, key) && labels[key] !== '')
  const [first] = found
  if (first === undefined) return null
  const keys = first.startsWith('app.kubernetes.io/')
    ? found.filter((key) => key.startsWith('app.kubernetes.io/'))
    : [first]
  return Object.fromEntries(keys.map((key) => [key, labels[key] ?? '']))
}

function selectorField(field: 'podSelector' | 'namespaceSelector', selector: LabelSelector | null) {
  if (selector === null) return {}
  const { matchLabels, matchExpressions } = selector
  return {
    [field]: {
      ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
      ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
    },
  }
}

function manifest(
  { kind, name, spec }: { readonly kind: string; readonly name: string; readonly spec: object },
  reason: IdentityCorrection['reason'],
): IdentityCorrection {
  // Names and labels come from outside: the library quotes what YAML would read as something else.
  const text = stringify({ apiVersion, kind, metadata: { name }, spec }, { aliasDuplicateObjects: false, lineWidth: 0 })
  return { kind: 'manifest', text, reason }
}

function newEntry(view: IdentityView): IdentityCorrection | null {
  const { of, agent, place, owner } = view
  const parent = agent.record?.spiffeId ?? agent.spiffeId
  const spiffeId = of.spiffeId ?? view.own[0]?.spiffeId ?? null
  if (spiffeId === null || parent === null || place === null) return null
  const { namespace, serviceAccount } = place.pod
  const selectors = [`k8s:ns:${namespace}`, `k8s:sa:${serviceAccount}`]
  return command(['entry', 'create', '-parentID', parent, '-spiffeID', spiffeId, ...selectorWords(selectors)], owner)
}

/** An update replaces the entry as a whole, so what it had is in it again. */
function updatedEntry(view: IdentityView): IdentityCorrection | null {
  const [own, ...others] = view.own
  if (own === undefined || others.length > 0) return null
  const selectors = correctedSelectors(own)
  const isElsewhere = unmet(own).some(({ part }) => part === 'parent')
  const parent = isElsewhere ? (view.agent.record?.spiffeId ?? null) : own.entry.parentId
  if (selectors === null || parent === null) return null
  const { entry } = own
  const words = [
    'entry',
    'update',
    '-entryID',
    entry.entryId,
    '-parentID',
    parent,
    '-spiffeID',
    entry.spiffeId,
    ...selectorWords(selectors),
    ...(entry.x509SvidTtlSeconds === null ? [] : ['-x509SVIDTTL', String(entry.x509SvidTtlSeconds)]),
    ...entry.federatesWith.flatMap((domain) => ['-federatesWith', domain]),
    ...entry.dnsNames.flatMap((name) => ['-dns', name]),
    ...(entry.hint === null ? [] : ['-hint', entry.hint]),
  ]
  const made = command(words, view.owner)
  const object = view.objects.find(({ isExpected }) => isExpected === true) ?? null
  return made === null
    ? null
    : {
        ...made,
        reason: tell('update-entry', { entry: entry.entryId, object: object === null ? null : nameOf(object) }),
      }
}

/** null: of one selector it is not known what to put instead. */
function correctedSelectors({ criteria, entry }: EntryCandidate): readonly string[] | null {
  const corrected = entry.selectors.map((selector) => {
    const criterion = criteria.find(({ part, want }) => part === 'selector' && want === selector)
    if (criterion?.state !== 'differs') return criterion?.state === 'missing' ? null : selector
    return criterion.have === null || criterion.have.includes(', ') ? null : criterion.have
  })
  return corrected.every((each) => each !== null) ? corrected : null
}

function selectorWords(selectors: readonly string[]): readonly string[] {
  return selectors.flatMap((selector) => ['-selector', selector])
}

/** Every word quoted for a POSIX shell; null where one would steer a terminal. */
function command(words: readonly string[], owner: string): IdentityCorrection | null {
  if (words.some((word) => /\p{Cc}/u.test(word))) return null
  const quoted = words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
  return { kind: 'command', text: ['spire-server', ...quoted].join(' '), reason: tell('create-entry', { owner }) }
}
