import { z } from 'zod'

/** Screens and aids that the menu can ask the page for; the page knows how to show them. */
export const pageCommands = ['graph', 'diagnose', 'policy', 'environments', 'search', 'settings', 'help'] as const
export type PageCommand = (typeof pageCommands)[number]

/**
 * What main tells the page, through the preload, which passes on whatever comes. Calls never go this way: they go through
 * the message port that comes with `connected`, each of which replaces the one before.
 */
export const desktopNews = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('connected') }),
  z.object({ kind: z.literal('starting') }),
  z.object({
    kind: z.literal('stopped'),
    /** How often it ended since it last worked for a while; 1: for the first time. */
    failures: z.int().min(1),
    /** Milliseconds until it is started again. */
    retryInMs: z.number().min(0),
    /** How it ended: `code 1`, `signal SIGKILL`, or `silence` when it never became ready. */
    ending: z.string(),
    /** The last line that it wrote before; empty: none. */
    lastWords: z.string(),
  }),
  z.object({ kind: z.literal('command'), command: z.enum(pageCommands) }),
])
export type DesktopNews = z.infer<typeof desktopNews>
export type ServiceStatus = Exclude<DesktopNews, { kind: 'command' }>

/** What main says to the service. A port comes with `open` where processes can pass ports; elsewhere it is relayed by `id`. */
export const toService = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('open'), door: z.enum(['page', 'shell']), id: z.int() }),
  z.object({ kind: z.literal('data'), id: z.int(), data: z.unknown() }),
  z.object({ kind: z.literal('close'), id: z.int() }),
  z.object({ kind: z.literal('stop') }),
])
export type ToService = z.infer<typeof toService>

/** What the service says to main. */
export const fromService = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('data'), id: z.int(), data: z.unknown() }),
  z.object({ kind: z.literal('close'), id: z.int() }),
])
export type FromService = z.infer<typeof fromService>
