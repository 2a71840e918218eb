import { z } from 'zod'
import type { GraphSettings } from '../../shared/domain/graph/build.ts'
import { intentSchema } from '../../shared/domain/model/intent.ts'
import { Failure } from './failure.ts'

/** `GraphSettings` as they were recorded. */
export const graphSettingsSchema = z.object({
  environment: z.string(),
  intent: intentSchema.nullable(),
  windowSeconds: z.number().positive(),
  bundleStaleAfterSeconds: z.number().nullable(),
  vaults: z.array(z.string()).max(10_000).optional(),
})

export function settingsOf({ vaults, ...settings }: z.infer<typeof graphSettingsSchema>): GraphSettings {
  return vaults === undefined ? settings : { ...settings, vaults }
}

/**
 * Settings of the graph as they were recorded, by `graphSettingsOf`.
 * @param environment that they are of. Throws a `Failure` `invalid`.
 */
export function readGraphSettings(text: string, environment: string): GraphSettings {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = null // what is no JSON is no settings either
  }
  const read = graphSettingsSchema.safeParse(value)
  if (read.success) return settingsOf(read.data)
  throw new Failure(
    'invalid',
    environment,
    `The settings that were recorded with the facts of ${environment} cannot be read.`,
    'They may be of a newer Everyhop: open them with that.',
  )
}
