import { createContext } from 'react'

/** What was just done in time, in words, for the status line of the screen. */
export const TimeSaid = createContext('')
