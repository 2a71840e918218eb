import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { useClock } from '../api/clock.tsx'
import { seenAt, useEventStep } from '../api/history.ts'
import { useMoment } from '../api/moment.tsx'
import { eventSentence } from '../features/history/event-words.ts'
import { usePreferences } from './preferences.tsx'
import { type TimeAction, timeActionOf } from './time-keys.ts'

/** Calls `deed` for the keys that move through time. */
export function useTimeKey(deed: (action: TimeAction) => boolean): void {
  const { singleKeys } = usePreferences()
  const press = useEffectEvent((event: KeyboardEvent) => {
    const action = timeActionOf(event, singleKeys)
    if (action !== null && deed(action)) event.preventDefault()
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => press(event)
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])
}

/** To live, to a time, and from event to event. What was stepped to comes back in words. */
export function useTimeKeys(environment: string | null, onGoTo: () => void): string {
  const { at, go } = useMoment()
  const clock = useClock()
  const stepTo = useEventStep(environment)
  const [said, setSaid] = useState('')
  /** Where the last step led: the next one begins there, also before that is drawn. */
  const reached = useRef(at)
  useEffect(() => {
    reached.current = at
  }, [at])
  const last = useRef(Promise.resolve())
  const step = async (direction: 'previous' | 'next') => {
    try {
      const found = await stepTo(direction, reached.current)
      if (found === null) {
        setSaid(direction === 'previous' ? 'No event is recorded before.' : 'No event is recorded after.')
        return
      }
      setSaid(eventSentence(found, clock.now()))
      reached.current = seenAt(found)
      go(reached.current)
    } catch {
      setSaid('What is recorded cannot be asked now.')
    }
  }
  useTimeKey((action) => {
    if (environment === null || action === 'compare') return false
    if (action === 'go-to') onGoTo()
    else if (action === 'live') {
      setSaid('')
      if (at !== null) go(null)
    } else last.current = last.current.then(() => step(action))
    return true
  })
  return at === null && said !== 'No event is recorded before.' ? '' : said
}
