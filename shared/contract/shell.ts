import { type } from '@orpc/contract'
import { z } from 'zod'
import { procedure } from './procedure.ts'

/** What a window may ask of the place that it is in: answered at its own door, never by an Everyhop elsewhere. */
export const shell = {
  /** Whether there are dialogs: in the desktop app only, a page in a browser is told paths. */
  can: procedure.input(z.object({})).output(type<{ readonly chooseFile: boolean }>()),
  /** The path of the file that somebody chose; null: none. `forbidden` where there are no dialogs. */
  chooseFile: procedure
    .input(
      z.object({
        title: z.string().min(1).max(100),
        /** Without a dot; empty: any file. */
        extensions: z.array(z.string().regex(/^[a-z0-9]{1,10}$/)).max(10),
      }),
    )
    .output(type<{ readonly path: string | null }>()),
}
