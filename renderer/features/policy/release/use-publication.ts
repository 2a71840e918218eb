import { useCallback, useEffect, useRef, useState } from 'react'
import type { PolicySubject } from '../../../../shared/contract/policy.ts'
import { useApi } from '../../../api/api-context.tsx'
import { failureSentence } from '../../../api/environments.ts'
import { usePolicyAgain } from '../../../api/policy.ts'
import { advance, begun, broken, ended, idle, mayLeave, type PublicationState } from './publication-state.ts'

export interface PublicationOrder {
  readonly environment: string
  readonly bundle: string
  readonly of: PolicySubject
  readonly token: string
  readonly typed: string | null
  /** Codes of the warnings that somebody said they have read. */
  readonly accepted: string[]
}

/**
 * Publishes what was confirmed and tells how it goes. Leaving the screen stops only the watching of OPAs: what is being
 * written is let come to its end.
 */
export function usePublication(): {
  readonly publication: PublicationState
  readonly publish: (order: PublicationOrder) => void
  readonly again: () => void
} {
  const { client } = useApi()
  const askAgain = usePolicyAgain()
  const [publication, setPublication] = useState<PublicationState>(idle)
  const left = useRef(false)
  const running = useRef<AbortController | null>(null)
  useEffect(() => {
    left.current = false
    return () => {
      left.current = true
    }
  }, [])

  const publish = useCallback(
    (order: PublicationOrder) => {
      if (running.current !== null) return
      const stop = new AbortController()
      running.current = stop
      let state = begun
      const show = (next: PublicationState) => {
        state = next
        if (!left.current) setPublication(next)
      }
      const listen = async () => {
        show(begun)
        try {
          for await (const progress of await client.policy.publish(order, { signal: stop.signal })) {
            show(advance(state, progress))
            if (left.current && mayLeave(state)) stop.abort()
          }
          show(ended(state))
        } catch (reason) {
          if (!stop.signal.aborted) show(broken(state, failureSentence(reason)))
        } finally {
          running.current = null
          await askAgain()
        }
      }
      void listen()
    },
    [askAgain, client],
  )
  return { publication, publish, again: useCallback(() => setPublication(idle), []) }
}
