import type { Fact, ScopeState } from '../../model/fact.ts'
import { isEqual } from '../equal.ts'
import { type InstanceRecord, isCurrent, type SpireRecord } from '../instances/records.ts'
import type { Touched, Weave } from './weave.ts'

/**
 * What a SPIRE server that was read again touches. Its entries are listed over and over and hardly ever differ: then all that a
 * workload shows otherwise is when its registration was read. Anything else has every workload judged again.
 */
export function touchBySpire(
  weave: Weave,
  before: InstanceRecord | undefined,
  after: InstanceRecord | undefined,
  touched: Touched,
): void {
  const isAlike = before?.kind === 'spire' && after?.kind === 'spire' && isReadAlike(before, after)
  for (const [id, { naming }] of weave.workloads) {
    if (!isAlike) {
      touched.workloads.add(id)
      continue
    }
    const { spiffeId } = naming
    if (spiffeId === null) continue
    const isSame = saySame(before.entries.get(spiffeId) ?? none, after.entries.get(spiffeId) ?? none)
    // Without an Envoy its SPIFFE ID, too, is known from the entry.
    if (isSame && weave.instances.has(id)) touched.registrations.add(id)
    else touched.workloads.add(id)
  }
}

/** Whether both readings were whole, and said the same of everything but entries. */
function isReadAlike(before: SpireRecord, after: SpireRecord): boolean {
  if (before.trustDomain !== after.trustDomain) return false
  const names = Object.keys(after.parts)
  if (names.length !== Object.keys(before.parts).length) return false
  return names.every((name) => {
    const [was, is] = [before.parts[name], after.parts[name]]
    if (was === is) return true
    if (!isWhole(was) || !isWhole(is)) return false
    return name === 'entries' || saySame(was?.facts ?? none, is?.facts ?? none)
  })
}

function isWhole(scope: ScopeState | undefined): boolean {
  return isCurrent(scope) && scope?.gaps.length === 0
}

/** Whether facts differ in nothing but when and where they were read. */
function saySame(before: readonly Fact[], after: readonly Fact[]): boolean {
  return (
    before.length === after.length &&
    after.every((is, place) => {
      const was = before[place]
      return was !== undefined && (was === is || isEqual(was, { ...is, from: was.from }))
    })
  )
}

const none: readonly Fact[] = []
