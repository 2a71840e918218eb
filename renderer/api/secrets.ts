import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { SecretsState } from '../../shared/contract/secrets.ts'
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
  const { client } = useApi()
  const { busy, failure, run } = usePassphrase()
  return { busy, failure, unlock: (passphrase: string) => run(() => client.secrets.unlock({ passphrase })) }
}

/** Chooses the first passphrase, where there is no keyring and none was chosen yet. */
export function useFirstPassphrase() {
  const { client } = useApi()
  const { busy, failure, run } = usePassphrase()
  return { busy, failure, choose: (passphrase: string) => run(() => client.secrets.setPassphrase({ passphrase })) }
}

function usePassphrase() {
  const { queries } = useApi()
  const queryClient = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  return {
    busy,
    failure,
    async run(give: () => Promise<SecretsState>): Promise<boolean> {
      setBusy(true)
      setFailure(null)
      try {
        queryClient.setQueryData(queries.secrets.state.queryKey({ input: {} }), await give())
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
