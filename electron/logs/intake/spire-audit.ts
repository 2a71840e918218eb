import { z } from 'zod'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { masked, plainName } from './mask.ts'
import { type ParsedLine, refused } from './record-parser.ts'

/**
 * One call of a SPIRE server's API, as the server logs it with `audit_log_enabled = true` and `log_format = "json"`.
 * Fields: pkg/server/api/middleware/audit.go and pkg/common/telemetry/names.go of SPIRE 1.15; unknown ones are left.
 */
export interface SpireAuditRecord {
  readonly at: EpochMs
  readonly callerSpiffeId: string | null
  readonly callerAddress: string | null
  /** admin, agent, downstream, local, nobody. */
  readonly authorisedAs: string | null
  /** entries, config, datastore, transport. */
  readonly authorisedVia: string | null
  readonly service: string
  readonly method: string
  /** success or error. */
  readonly status: string
  readonly requestId: string | null
  /** The SPIFFE ID that the call was about. */
  readonly subjectSpiffeId: string | null
  readonly detail: string | null
}

const text = z.string().optional().catch(undefined)

const line = z.object({
  type: z.literal('audit'),
  time: z.iso.datetime({ offset: true }),
  service: z.string().min(1),
  method: z.string().min(1),
  status: z.string().min(1),
  authorized_as: text,
  authorized_via: text,
  caller_addr: text,
  caller_id: text,
  request_id: text,
  spiffe_id: text,
  agent_id: text,
  status_code: text,
  status_message: text,
})

/** Lines that are no audit lines share the server's log: they are passed over. */
export function parseSpireAudit(object: Readonly<Record<string, unknown>>): ParsedLine<SpireAuditRecord> {
  if (object['type'] !== 'audit') {
    return object['level'] === undefined ? refused('neither an audit line nor a log line of SPIRE') : passedOver
  }
  const parsed = line.safeParse(object)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return refused(issue === undefined ? 'not an audit line' : `${issue.path.join('.')}: ${issue.message}`)
  }
  const found = parsed.data
  const detail = [found.status_code, found.status_message].filter((part) => part !== undefined).join(': ')
  return {
    kind: 'record',
    record: {
      at: Date.parse(found.time),
      callerSpiffeId: named(found.caller_id, 2048),
      callerAddress: named(found.caller_addr, 300),
      authorisedAs: named(found.authorized_as, 100),
      authorisedVia: named(found.authorized_via, 100),
      service: plainName(found.service, 200),
      method: plainName(found.method, 200),
      status: plainName(found.status, 100),
      requestId: named(found.request_id, 200),
      subjectSpiffeId: named(found.spiffe_id ?? found.agent_id, 2048),
      detail: detail === '' ? null : masked(detail, 400),
    },
  }
}

const passedOver = { kind: 'passed-over' } as const

function named(value: string | undefined, longest: number): string | null {
  return value === undefined || value === '' ? null : plainName(value, longest)
}
