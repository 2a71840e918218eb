import type { z } from 'zod'
import type { Provenance } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { KubernetesFailure, plain } from './failure.ts'
import { maskText } from './mask.ts'
import { objectPath, type Resource } from './resources.ts'
import type { metadata } from './wire.ts'

/** Which cluster is read, and when the object was seen. */
export interface Seen {
  readonly cluster: string
  readonly at: EpochMs
}

/** The fields that facts of all kinds of objects share. `part` is the last part of the scope. */
export function objectBase<Kind extends string>(
  kind: Kind,
  part: string,
  resource: Resource,
  object: z.output<typeof metadata>,
  seen: Seen,
) {
  const { name, uid, resourceVersion, labels } = object
  const namespace = resource.namespaced ? object.namespace : ''
  return {
    kind,
    id: `kubernetes/${seen.cluster}/${part}#${kind}/${namespace === '' ? '' : `${namespace}/`}${name}`,
    from: measured(seen, `GET ${objectPath(resource, namespace, name)} (resourceVersion ${resourceVersion})`),
    cluster: seen.cluster,
    namespace,
    name,
    uid,
    resourceVersion,
    labels,
  } as const
}

export function measured(seen: Seen, locator: string): Provenance {
  return { source: 'kubernetes', instance: seen.cluster, locator, observedAt: seen.at, basis: 'measured' }
}

/** RFC 3339; null when it is absent or no time. */
export function timeOrNull(text: string | null | undefined): EpochMs | null {
  const time = text === null || text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? null : time
}

const secondsOf: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 0.001,
  us: 0.000_001,
  µs: 0.000_001,
  ns: 1e-9,
}

/** A Go duration such as `10m` or `1h0m0s`, in seconds; null when it is absent. */
export function goDurationSeconds(text: string | null | undefined): number | null {
  if (text === null || text === undefined || text === '') return null
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new KubernetesFailure('invalid', `${JSON.stringify(text.slice(0, 40))} is not a duration`)
  }
  return parts.reduce((sum, [, amount = '', unit = '']) => sum + Number(amount) * (secondsOf[unit] ?? 0), 0)
}

/** Words that others wrote: without secrets and control characters, cut. */
export function safeText(text: string, longest: number): string {
  return plain(maskText(text), longest)
}
