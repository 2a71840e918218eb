import { z } from 'zod'

/** intent.yaml: what should be. Reviewed in Git, referenced by path from environment.yaml. */
export const intentSchema = z.strictObject({
  apiVersion: z.literal('everyhop.dev/v1'),
  kind: z.literal('Intent'),
  name: z.string().min(1).max(100),
  zones: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z0-9-]{1,63}$/),
        title: z.string().min(1).max(60),
        kind: z.enum(['untrusted', 'pipeline', 'data', 'external', 'control']),
      }),
    )
    .max(50),
  stages: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z0-9-]{1,63}$/),
        title: z.string().min(1).max(60),
        zone: z.string(),
        /** Chooses the icon: gateway, firewall, sanitiser, orchestrator, model, filter, store, tool, client, registry, external, job. */
        kind: z.string().max(40).default('workload'),
        /** SPIFFE IDs that belong to this stage, exact, or ending in `*` for a prefix. */
        spiffeIds: z.array(z.string().startsWith('spiffe://')).min(1).max(100),
      }),
    )
    .max(10_000),
  adjacency: z.array(z.strictObject({ from: z.string(), to: z.string() })).max(100_000),
  /** What leases of Vault open: those of a mount, or of one role of it, belong to hops that lead to the stage. */
  credentials: z
    .array(
      z.strictObject({
        /** Path of the secrets engine: `database/`, with or without the slash at its end. */
        mount: z.string().min(1).max(500),
        /** Role of the engine; without one every role that has no line of its own. */
        role: z.string().min(1).max(200).optional(),
        stage: z.string(),
      }),
    )
    .max(1000)
    .optional(),
})

export type Intent = z.infer<typeof intentSchema>
export type IntentZoneKind = Intent['zones'][number]['kind']
