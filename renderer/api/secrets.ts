import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { errorSentence } from '../../shared/words/errors.ts'
import { useApi } from './api-context.tsx'
import { failureOf } from './failure.ts'

/** Whether the secrets can be read now. Values never come to the window. */
export function useSecretsState() {
  const { queries } = useApi()
  return useQuery(queries.secrets.state.queryOptions({ input: {}, refetchInterval: 30_000 }))
}

/** Gives the passphrase to the service. `failure` is a sentence for people; null: none. */
export function useUnlock() {
  const { client, queries } = useApi()
  const queryClient = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  return {
    busy,
    failure,
    async unlock(passphrase: string): Promise<boolean> {
      setBusy(true)
      setFailure(null)
      try {
        const state = await client.secrets.unlock({ passphrase })
        queryClient.setQueryData(queries.secrets.state.queryKey({ input: {} }), state)
        return true
      } catch (reason) {
        const { code, subject, advice } = failureOf(reason)
        setFailure(code === 'forbidden' ? 'The passphrase is wrong. Try again.' : errorSentence(code, subject, advice))
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}
