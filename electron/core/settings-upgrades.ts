import { z } from 'zod'
import { type Settings, settingsSchema } from '../../shared/contract/settings.ts'

/** The version that is written. */
export const settingsVersion = 3

/** Version 1: what the window kept in the browser's storage. */
const first = z.object({
  version: z.literal(1),
  theme: z.enum(['dark', 'light']).nullable().catch(null),
  singleKeys: z.boolean().catch(true),
})

/** Version 2: the file, with `reducedMotion` as yes or no. */
const second = z.object({
  version: z.literal(2),
  theme: z.enum(['system', 'dark', 'light']).catch('system'),
  startScreen: z.enum(['graph', 'environments']).catch('graph'),
  reducedMotion: z.boolean().nullable().catch(null),
  singleKeys: z.boolean().catch(true),
  defaultEnvironment: z.string().nullable().catch(null),
})

const current = settingsSchema.extend({ version: z.literal(settingsVersion) })

/** One function a step, from version `n` to `n + 1`; each refuses what is not of its version. */
const upgrades: Readonly<Record<number, (file: unknown) => unknown>> = {
  1: (file) => {
    const { theme, singleKeys } = first.parse(file)
    return {
      version: 2,
      theme: theme ?? 'system',
      startScreen: 'graph',
      reducedMotion: null,
      singleKeys,
      defaultEnvironment: null,
    }
  },
  2: (file) => {
    const { version: _version, reducedMotion, ...same } = second.parse(file)
    const motion = reducedMotion === null ? 'system' : reducedMotion ? 'reduced' : 'full'
    return { ...same, version: 3, motion, lockSecretsAfterMinutes: null }
  },
}

export type ReadSettings =
  | { readonly kind: 'current'; readonly settings: Settings }
  | { readonly kind: 'upgraded'; readonly settings: Settings; readonly from: number }
  /** What is understood of a newer version. */
  | { readonly kind: 'newer'; readonly settings: Settings; readonly version: number }
  | { readonly kind: 'broken'; readonly detail: string }

const anyVersion = z.object({ version: z.int().min(1) })

/** The settings of a file of any version. */
export function readSettings(text: string): ReadSettings {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch (reason) {
    return { kind: 'broken', detail: `it is not JSON: ${reason instanceof Error ? reason.message : String(reason)}` }
  }
  const known = anyVersion.safeParse(file)
  if (!known.success) return { kind: 'broken', detail: 'it has no version' }
  const { version } = known.data
  if (version > settingsVersion) return { kind: 'newer', version, settings: understood(file) }
  try {
    let latest: unknown = file
    for (let at = version; at < settingsVersion; at += 1) latest = upgrades[at]?.(latest)
    const { version: _version, ...settings } = current.parse(latest)
    return version === settingsVersion ? { kind: 'current', settings } : { kind: 'upgraded', settings, from: version }
  } catch (reason) {
    return { kind: 'broken', detail: issueOf(reason) }
  }
}

export function settingsText(settings: Settings): string {
  return `${JSON.stringify({ version: settingsVersion, ...settings }, null, 2)}\n`
}

function understood(file: unknown): Settings {
  const fields = Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const found: unknown = typeof file === 'object' && file !== null ? Reflect.get(file, name) : undefined
    const parsed = schema.safeParse(found)
    return [name, parsed.success ? parsed.data : undefined]
  })
  return settingsSchema.parse(Object.fromEntries(fields))
}

function issueOf(reason: unknown): string {
  if (!(reason instanceof z.ZodError)) return reason instanceof Error ? reason.message : String(reason)
  const [issue] = reason.issues
  return issue === undefined ? 'it is not valid' : `${issue.path.join('.') || 'the whole file'}: ${issue.message}`
}
