import type { Shell } from '../../shared/shell.ts'

/** Who asks: one window, or one run of the command line. */
export interface CallContext {
  readonly viewer: string
  /** What the place of this very door can do; without it nothing. */
  readonly shell?: Shell | undefined
  /** A page asks: what it shows comes from everywhere, so it may not name programs to run. */
  readonly isPage?: boolean
}
