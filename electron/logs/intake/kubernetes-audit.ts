import { z } from 'zod'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { type AdmissionOutcome, admissionOf, imagesOf } from './admission.ts'
import { masked, maskedPath, plainName } from './mask.ts'
import { type ParsedLine, refused } from './record-parser.ts'

/**
 * One event of a Kubernetes API server's audit log, audit.k8s.io/v1 `Event`, from a file or from its webhook.
 * https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ ; of requestObject only the images are read, responseObject never.
 */
export interface KubernetesAuditRecord {
  readonly at: EpochMs
  readonly auditId: string
  /** RequestReceived, ResponseStarted, ResponseComplete, Panic. */
  readonly stage: string
  readonly verb: string
  readonly user: string | null
  readonly userAgent: string | null
  readonly sourceAddress: string | null
  readonly apiGroup: string | null
  readonly resource: string | null
  readonly subresource: string | null
  readonly namespace: string | null
  readonly name: string | null
  readonly path: string | null
  readonly status: number | null
  /** allow or forbid, of the annotation authorization.k8s.io/decision. */
  readonly authorisation: string | null
  readonly reason: string | null
  readonly admission: AdmissionOutcome | null
  /** Images of the containers that were asked for, where the audit policy's level is Request or above; each once. */
  readonly images: readonly string[]
}

const text = z.string().optional().catch(undefined)

const event = z.object({
  kind: z.literal('Event').optional(),
  apiVersion: z
    .string()
    .regex(/^audit\.k8s\.io\//)
    .optional(),
  auditID: z.string().min(1),
  stage: z.string().min(1),
  verb: z.string().min(1),
  requestURI: text,
  user: z.object({ username: text }).optional().catch(undefined),
  userAgent: text,
  sourceIPs: z.array(z.string()).optional().catch(undefined),
  objectRef: z
    .object({ resource: text, subresource: text, namespace: text, name: text, apiGroup: text })
    .optional()
    .catch(undefined),
  responseStatus: z
    .object({ code: z.number().int().optional().catch(undefined), message: text })
    .optional()
    .catch(undefined),
  annotations: z.record(z.string(), z.unknown()).optional().catch(undefined),
  requestObject: z.unknown().optional(),
  requestReceivedTimestamp: text,
  stageTimestamp: text,
})

export function parseKubernetesAudit(object: Readonly<Record<string, unknown>>): ParsedLine<KubernetesAuditRecord> {
  const parsed = event.safeParse(object)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return refused(issue === undefined ? 'not an audit event' : `${issue.path.join('.')}: ${issue.message}`)
  }
  const found = parsed.data
  const at = Date.parse(found.stageTimestamp ?? found.requestReceivedTimestamp ?? '')
  if (Number.isNaN(at)) return refused('neither stageTimestamp nor requestReceivedTimestamp is a time')
  const { objectRef, annotations } = found
  return {
    kind: 'record',
    record: {
      at,
      auditId: plainName(found.auditID, 200),
      stage: plainName(found.stage, 100),
      verb: plainName(found.verb, 100),
      user: named(found.user?.username, 500),
      userAgent: found.userAgent === undefined ? null : masked(found.userAgent, 300),
      sourceAddress: named(found.sourceIPs?.[0], 100),
      apiGroup: named(objectRef?.apiGroup, 300),
      resource: named(objectRef?.resource, 300),
      subresource: named(objectRef?.subresource, 300),
      namespace: named(objectRef?.namespace, 300),
      name: named(objectRef?.name, 300),
      path: found.requestURI === undefined ? null : maskedPath(found.requestURI, 500),
      status: found.responseStatus?.code ?? null,
      authorisation: annotation(annotations, 'authorization.k8s.io/decision'),
      reason: annotation(annotations, 'authorization.k8s.io/reason'),
      admission: admissionOf({
        status: found.responseStatus?.code ?? null,
        message: found.responseStatus?.message ?? null,
        annotations: annotations ?? {},
      }),
      images: imagesOf(found.requestObject),
    },
  }
}

function annotation(annotations: Readonly<Record<string, unknown>> | undefined, key: string): string | null {
  const value = annotations?.[key]
  return typeof value === 'string' && value !== '' ? masked(value, 400) : null
}

function named(value: string | undefined, longest: number): string | null {
  return value === undefined || value === '' ? null : plainName(value, longest)
}
