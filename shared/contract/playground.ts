import { type } from '@orpc/contract'
import { z } from 'zod'
import type { ControlComponent } from '../domain/model/graph.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { type FaultId, type FaultKind, faultIds } from '../faults/fault.ts'
import { procedure } from './procedure.ts'

/** Name of the environment that the playground is while it runs. No file of a person may have it. */
export const playgroundEnvironment = 'playground'

/** The demonstration pipeline inside this program. */
export type PlaygroundState =
  | { readonly phase: 'stopped' }
  | { readonly phase: 'starting' }
  /** `message`: what went wrong, and what to do, in words. */
  | { readonly phase: 'failed'; readonly message: string }
  | {
      readonly phase: 'running'
      readonly startedAt: EpochMs
      /**
       * no-opa: no program is there, so the hops' authorisation is unknown; `policy.tools` says how to get it. interrupted: an
       * OPA has ended by itself, and is started again.
       */
      readonly authorisation: 'deciding' | 'starting' | 'interrupted' | 'no-opa'
      readonly active: { readonly fault: FaultId; readonly since: EpochMs } | null
      /** A fault is being made or undone. */
      readonly changing: boolean
      /** Requests of the last twenty seconds that were not sent, because this machine answers too few at once. */
      readonly heldBack: number
    }

/** A fault of the catalogue as it can be made in the playground. */
export interface PlaygroundFaultSummary {
  readonly id: FaultId
  readonly kind: FaultKind
  readonly title: string
  /** What is broken. */
  readonly words: string
  /** What to look for in the window. */
  readonly lookFor: string
  /** null: it can be made here; else why not, in words. */
  readonly notHere: string | null
  /** What of the graph to look at; null where it is no one place. */
  readonly look: PlaygroundLook | null
}

export type PlaygroundLook =
  | { readonly stage: string }
  | { readonly from: string; readonly to: string }
  /** A part of the control plane by its name; null: there is one of the kind. */
  | { readonly control: ControlComponent['kind']; readonly name: string | null }

const faultInput = z.object({ fault: z.enum(faultIds) })

export const playground = {
  state: procedure.input(z.object({})).output(type<PlaygroundState>()),
  /** Resolves when it runs. */
  start: procedure.input(z.object({})).output(type<PlaygroundState>()),
  stop: procedure.input(z.object({})).output(type<PlaygroundState>()),
  faults: procedure.input(z.object({})).output(type<readonly PlaygroundFaultSummary[]>()),
  /** Heals what is broken, then breaks this. */
  inject: procedure.input(faultInput).output(type<PlaygroundState>()),
  heal: procedure.input(z.object({})).output(type<PlaygroundState>()),
}
