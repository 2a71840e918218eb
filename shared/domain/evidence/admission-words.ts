/** What refused, as its own words name it. */
export interface AdmissionRefusal {
  readonly kind: 'policy' | 'webhook' | 'image-policy' | 'pod-security'
  /** Name of the ValidatingAdmissionPolicy or webhook; of Pod Security the level, such as `restricted:latest`. */
  readonly policy: string | null
  readonly binding: string | null
  readonly why: string
}

interface Wording {
  readonly kind: AdmissionRefusal['kind']
  readonly shape: RegExp
  /** What its groups are. */
  readonly groups: readonly ('policy' | 'binding' | 'why')[]
}

/** How the admission plugins of Kubernetes word their refusals; 1.30 to 1.36. */
const wordings: readonly Wording[] = [
  {
    kind: 'policy',
    shape: /ValidatingAdmissionPolicy '([^']{1,300})' with binding '([^']{1,300})' denied request: ([\s\S]*)/,
    groups: ['policy', 'binding', 'why'],
  },
  {
    kind: 'webhook',
    shape: /admission webhook "([^"]{1,300})" denied the request(?:: | )([\s\S]*)/,
    groups: ['policy', 'why'],
  },
  // It did not answer, and its failurePolicy is Fail.
  { kind: 'webhook', shape: /failed calling webhook "([^"]{1,300})": ([\s\S]*)/, groups: ['policy', 'why'] },
  { kind: 'pod-security', shape: /violates PodSecurity "([^"]{1,100})": ([\s\S]*)/, groups: ['policy', 'why'] },
  { kind: 'image-policy', shape: /image policy webhook backend denied one or more images: ([\s\S]*)/, groups: ['why'] },
]

/** Reads the words of an API server that refused a request; null: it was not admission that did. */
export function refusalIn(words: string): AdmissionRefusal | null {
  for (const { kind, shape, groups } of wordings) {
    const found = shape.exec(words)
    if (found === null) continue
    const group = (name: Wording['groups'][number]): string | null => {
      const index = groups.indexOf(name)
      return index === -1 ? null : (found[index + 1] ?? null)
    }
    return { kind, policy: group('policy'), binding: group('binding'), why: group('why') ?? '' }
  }
  return null
}
