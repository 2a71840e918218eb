import { type } from '@orpc/contract'
import { z } from 'zod'
import { procedure } from './procedure.ts'

/** A whole path, of Windows or of the others. */
const programPath = z
  .string()
  .max(4096)
  .regex(/^(\/|[A-Za-z]:[\\/])[^\p{Cc}]+$/u)

/** How one person likes Everyhop, on this machine. What is being looked at is in the window's address instead. */
export const settingsSchema = z.object({
  theme: z.enum(['system', 'dark', 'light']).default('system'),
  /** What the window opens with. */
  startScreen: z.enum(['graph', 'diagnose', 'environments']).default('graph'),
  /** system: as the operating system asks. */
  motion: z.enum(['system', 'reduced', 'full']).default('system'),
  /** Keys without a modifier, such as `n` for the next problem. */
  singleKeys: z.boolean().default(true),
  /** The environment that opens when the address names none; null: the first that can be used. */
  defaultEnvironment: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/)
    .nullable()
    .default(null),
  /** Minutes after which the passphrase is asked for again when no secret was used; null: when Everyhop ends. */
  lockSecretsAfterMinutes: z.number().int().min(1).max(10_080).nullable().default(null),
  /** The programs to use; null: those on PATH, or what Everyhop brought or got. */
  opaPath: programPath.nullable().default(null),
  regalPath: programPath.nullable().default(null),
})
export type Settings = z.infer<typeof settingsSchema>
export const defaultSettings: Settings = settingsSchema.parse({})

/** Only what is to change. */
const changeSchema = z.strictObject({
  theme: settingsSchema.shape.theme.unwrap().optional(),
  startScreen: settingsSchema.shape.startScreen.unwrap().optional(),
  motion: settingsSchema.shape.motion.unwrap().optional(),
  singleKeys: settingsSchema.shape.singleKeys.unwrap().optional(),
  defaultEnvironment: settingsSchema.shape.defaultEnvironment.unwrap().optional(),
  lockSecretsAfterMinutes: settingsSchema.shape.lockSecretsAfterMinutes.unwrap().optional(),
  opaPath: settingsSchema.shape.opaPath.unwrap().optional(),
  regalPath: settingsSchema.shape.regalPath.unwrap().optional(),
})
export type SettingsChange = z.infer<typeof changeSchema>

/**
 * newer: written by a newer version; shown as far as it is understood, and not written.
 * broken: could not be understood; put aside as `keptAs`, and the defaults hold.
 * unreadable: cannot be read; the defaults hold, and it is not written.
 */
export interface SettingsProblem {
  readonly code: 'newer' | 'broken' | 'unreadable'
  readonly detail: string
  readonly keptAs: string | null
}

export interface SettingsAnswer {
  readonly settings: Settings
  readonly file: string
  /** Nobody chose anything yet: there is no file. */
  readonly isNew: boolean
  readonly problem: SettingsProblem | null
}

export const settings = {
  get: procedure.input(z.object({})).output(type<SettingsAnswer>()),
  /** `read-only` where the file belongs to a newer version; `exhausted` when the disk is full: then nothing changed. */
  put: procedure.input(changeSchema).output(type<SettingsAnswer>()),
}
