import { createContext, type ReactNode, useContext, useMemo } from 'react'
import type { Scope } from '../../shared/contract/environments.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { pastOffReason, snapshotOffReason } from '../../shared/words/moments.ts'

/** An open snapshot file: of which environment it is, and of which time. */
export interface OpenSnapshot {
  readonly of: string
  readonly at: EpochMs
}

/** Of which time everything is that is shown. */
export interface Moment {
  /** The past time that is asked about; null: what is asked about is as it is, which of a snapshot is its one time. */
  readonly at: EpochMs | null
  /** The time that is shown, and that ages and countdowns go by; null: now. */
  readonly shown: EpochMs | null
  /** Null: what is looked at is no snapshot. */
  readonly snapshot: OpenSnapshot | null
  /** Why nothing can be changed or asked live, as a sentence without its full stop; null: it can. */
  readonly whyOff: string | null
  /** Looks at another time; null: at now. `replace`: as a step on the way, that "back" does not return to. */
  readonly go: (at: EpochMs | null, options?: { readonly replace?: boolean }) => void
}

const live: Moment = { at: null, shown: null, snapshot: null, whyOff: null, go: () => {} }
const MomentContext = createContext<Moment>(live)

/** Everything below asks of this time, and counts down to it. A snapshot has one time only, whatever the address says. */
export function MomentProvider({
  at,
  go,
  snapshot,
  children,
}: Pick<Moment, 'at' | 'go' | 'snapshot'> & {
  readonly children: ReactNode
}) {
  const moment = useMemo<Moment>(
    () =>
      snapshot === null
        ? { at, shown: at, snapshot, go, whyOff: at === null ? null : pastOffReason }
        : { at: null, shown: snapshot.at, snapshot, go: () => {}, whyOff: snapshotOffReason },
    [at, go, snapshot],
  )
  return <MomentContext.Provider value={moment}>{children}</MomentContext.Provider>
}

/** For screens that only know of now: they ask of it, and what changes something stays off all the same. */
export function NowOnly({ children }: { readonly children: ReactNode }) {
  const moment = useContext(MomentContext)
  const value = useMemo(() => ({ ...moment, at: null, shown: null }), [moment])
  return <MomentContext.Provider value={value}>{children}</MomentContext.Provider>
}

export function useMoment(): Moment {
  return useContext(MomentContext)
}

/** What a question about facts is about. */
export function useScope(environment: string | null): Scope {
  const { at } = useMoment()
  return { environment: environment ?? '-', at }
}

/** How often a question is asked again while it is shown: never, of the past. */
export function useAgain(everyMs: number): number | false {
  const { shown } = useMoment()
  return shown === null ? everyMs : false
}
