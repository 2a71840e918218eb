import { z } from 'zod'
import { refusalIn } from '../../../shared/domain/evidence/admission-words.ts'
import { masked, plainName } from './mask.ts'

/**
 * What admission did to a request, as the API server's audit event has it at level Metadata and above.
 * ValidatingAdmissionPolicy: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#audit-annotations ;
 * webhooks: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ ; other annotations:
 * https://kubernetes.io/docs/reference/labels-annotations-taints/audit-annotations/ . A policy that only warns leaves no trace in an
 * audit event: the warning is a header of the answer.
 */
export interface AdmissionOutcome {
  readonly kind: 'policy' | 'webhook' | 'image-policy' | 'pod-security'
  /** Name of the ValidatingAdmissionPolicy or webhook; of Pod Security the level, such as `restricted:latest`. */
  readonly policy: string | null
  readonly binding: string | null
  /**
   * deny: the request was refused. failed-open: who should have been asked did not answer, and the request went on. warn, audit: it
   * would have been refused, and went on. The first of these that holds stands for all.
   */
  readonly action: 'deny' | 'failed-open' | 'warn' | 'audit'
  readonly message: string
}

export interface AdmissionEvidence {
  /** Code and message of the answer; null: the event has none. */
  readonly status: number | null
  readonly message: string | null
  readonly annotations: Readonly<Record<string, unknown>>
}

/** null: nothing was refused, warned of or noted, as far as the event tells. */
export function admissionOf(evidence: AdmissionEvidence): AdmissionOutcome | null {
  return (
    deniedBy(evidence) ??
    failedOpen(evidence.annotations) ??
    violated(evidence.annotations) ??
    noted(evidence.annotations)
  )
}

function deniedBy({ status, message }: AdmissionEvidence): AdmissionOutcome | null {
  const found = message === null || status === null || status < 400 ? null : refusalIn(message)
  if (found === null) return null
  const { kind, policy, binding, why } = found
  return {
    kind,
    policy: policy === null ? null : plainName(policy, 300),
    binding: binding === null ? null : plainName(binding, 300),
    action: 'deny',
    message: masked(why, longestMessage),
  }
}

const longestMessage = 400
const webhookFailedOpen =
  /^failed-open\.(?:validating|validation|mutating|mutation)\.webhook\.admission\.k8s\.io\/round_\d+_index_\d+$/
const imagesFailedOpen = 'imagepolicywebhook.image-policy.k8s.io/failed-open'

function failedOpen(annotations: AdmissionEvidence['annotations']): AdmissionOutcome | null {
  for (const [key, value] of Object.entries(annotations)) {
    if (typeof value !== 'string') continue
    if (webhookFailedOpen.test(key)) {
      const policy = plainName(value, 300)
      return { kind: 'webhook', policy, binding: null, action: 'failed-open', message: '' }
    }
    if (key === imagesFailedOpen || key === `alpha.${imagesFailedOpen}`)
      return { kind: 'image-policy', policy: null, binding: null, action: 'failed-open', message: '' }
  }
  return null
}

const validationFailures = z.array(
  z.object({
    message: z.string().catch(''),
    policy: z.string(),
    binding: z.string().nullable().catch(null),
    validationActions: z.array(z.string()).catch([]),
  }),
)

function violated(annotations: AdmissionEvidence['annotations']): AdmissionOutcome | null {
  const value = annotations['validation.policy.admission.k8s.io/validation_failure']
  const parsed = validationFailures.safeParse(typeof value === 'string' ? parsedJson(value) : null)
  if (!parsed.success) return null
  const found = parsed.data.find(({ validationActions }) => validationActions.includes('Warn')) ?? parsed.data[0]
  if (found === undefined) return null
  return {
    kind: 'policy',
    policy: plainName(found.policy, 300),
    binding: found.binding === null ? null : plainName(found.binding, 300),
    action: found.validationActions.includes('Warn') ? 'warn' : 'audit',
    message: masked(found.message, longestMessage),
  }
}

function noted(annotations: AdmissionEvidence['annotations']): AdmissionOutcome | null {
  const value = annotations['pod-security.kubernetes.io/audit-violations']
  if (typeof value !== 'string' || value === '') return null
  const level = /violate PodSecurity "([^"]{1,100})": /.exec(value)
  return {
    kind: 'pod-security',
    policy: level?.[1] ?? null,
    binding: null,
    action: 'audit',
    message: masked(value.slice(level === null ? 0 : level.index + level[0].length), longestMessage),
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const containers = z
  .array(z.object({ image: z.string().optional().catch(undefined) }))
  .optional()
  .catch(undefined)
const podSpec = z.object({ containers, initContainers: containers, ephemeralContainers: containers })
const templated = z.object({ template: z.object({ spec: podSpec }) })
const requested = z.union([
  z
    .object({ spec: z.object({ jobTemplate: z.object({ spec: templated }) }) })
    .transform(({ spec }) => spec.jobTemplate.spec.template.spec),
  z.object({ spec: templated }).transform(({ spec }) => spec.template.spec),
  z.object({ spec: podSpec }).transform(({ spec }) => spec),
])
const mostImages = 50

/** Images of the containers of what was asked for; nothing else of the object is read. Empty: the event does not have the object. */
export function imagesOf(requestObject: unknown): readonly string[] {
  const parsed = requested.safeParse(requestObject)
  if (!parsed.success) return []
  const { containers: usual = [], initContainers = [], ephemeralContainers = [] } = parsed.data
  const images = [...initContainers, ...usual, ...ephemeralContainers].flatMap(({ image }) => image ?? [])
  return [...new Set(images.map((image) => plainName(image, 500)))].slice(0, mostImages)
}
