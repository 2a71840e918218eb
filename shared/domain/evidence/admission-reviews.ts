/** A request to an API server, as its audit log has it, as far as it tells whether it was one about running something. */
export interface ReviewedRequest {
  readonly stage: string
  readonly verb: string
  readonly resource: string | null
  readonly subresource: string | null
}

/** Kinds that make pods. https://kubernetes.io/docs/concepts/workloads/ */
const podCreating: ReadonlySet<string> = new Set([
  'pods',
  'replicationcontrollers',
  'replicasets',
  'deployments',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
])
const changing: ReadonlySet<string> = new Set(['create', 'update', 'patch'])

/** Whether admission was asked about something that runs containers. One request has one line of its end. */
export function isAdmissionReview({ stage, verb, resource, subresource }: ReviewedRequest): boolean {
  if (stage !== 'ResponseComplete' && stage !== 'Panic') return false
  if (!changing.has(verb) || resource === null || !podCreating.has(resource)) return false
  return subresource === null || subresource === 'ephemeralcontainers'
}
