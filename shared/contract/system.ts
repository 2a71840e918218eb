import { type } from '@orpc/contract'
import { z } from 'zod'
import { procedure } from './procedure.ts'

export interface SystemInfo {
  readonly version: string
  readonly host: 'desktop' | 'web' | 'cli'
  /** Folder of environments, settings and memory. */
  readonly home: string
  /** A window goes on when its data folder cannot be used: why nothing is kept then. null: what is to be kept is kept. */
  readonly notKept: NotKept | null
}

/** The folder, and in words why it cannot be used and what to do. */
export interface NotKept {
  readonly folder: string
  readonly reason: string
  readonly advice: string
}

export const system = {
  info: procedure.input(z.object({})).output(type<SystemInfo>()),
}
