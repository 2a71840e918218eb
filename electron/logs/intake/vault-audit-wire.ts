import { z } from 'zod'

const text = z.string().optional().catch(undefined)
const number = z.number().optional().catch(undefined)

const auth = z.object({
  client_token: text,
  accessor: text,
  display_name: text,
  entity_id: text,
  metadata: z.record(z.string(), z.unknown()).optional().catch(undefined),
  token_issue_time: text,
  token_ttl: number,
})
export type WireAuth = z.output<typeof auth>

/** Of a line only what is read of it: audit/types.go of Vault 1.21; unknown fields are left. */
export const auditLine = z.object({
  type: z.enum(['request', 'response']),
  time: z.iso.datetime({ offset: true }),
  error: text,
  auth: auth.optional().catch(undefined),
  request: z.object({
    id: text,
    operation: z.string().min(1),
    path: z.string(),
    client_token: text,
    client_token_accessor: text,
    mount_point: text,
    mount_type: text,
    namespace: z.object({ path: text }).optional().catch(undefined),
    remote_address: text,
    data: z.record(z.string(), z.unknown()).optional().catch(undefined),
  }),
  response: z
    .object({
      auth: auth.optional().catch(undefined),
      secret: z.object({ lease_id: text }).optional().catch(undefined),
      data: z.record(z.string(), z.unknown()).optional().catch(undefined),
      wrap_info: z.object({ token: text }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
})
export type WireAuditLine = z.output<typeof auditLine>
