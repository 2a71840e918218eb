import { type } from '@orpc/contract'
import { z } from 'zod'
import { procedure } from './procedure.ts'

export interface SystemInfo {
  readonly version: string
  readonly host: 'desktop' | 'web' | 'cli'
  /** Folder of environments, settings and memory. */
  readonly home: string
}

export const system = {
  info: procedure.input(z.object({})).output(type<SystemInfo>()),
}
