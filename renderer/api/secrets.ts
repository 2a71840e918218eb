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

/** Names of the secrets that are kept, also while they are locked. */
export function useSecretList() {
  const { queries } = useApi()
  return useQuery(queries.secrets.list.queryOptions({ input: {}, retry: false, staleTime: 0 }))
}

/** Somebody locked them in this window: they know, and are not asked at once. */
const lockedHere = ['secrets', 'locked-here'] as const
export function useLockedHere(): boolean {
  return useQuery({ queryKey: lockedHere, queryFn: () => false, enabled: false }).data ?? false
}

/** What is done with the secrets as a whole. `failure` is a sentence for people; null: none. */
export function useSecretCommands() {
  const { client, queries } = useApi()
  const queryClient = useQueryClient()
  const { busy, failure, run } = usePassphrase()
  return {
    busy,
    failure,
    async lock() {
      queryClient.setQueryData(lockedHere, true)
      return run(() => client.secrets.lock({}))
    },
    change: (current: string, passphrase: string) => run(() => client.secrets.setPassphrase({ current, passphrase })),
    remove: (name: string) =>
      run(async () => {
        try {
          await client.secrets.remove({ name })
        } finally {
          await queryClient.invalidateQueries({ queryKey: queries.secrets.list.key() })
        }
        return client.secrets.state({})
      }),
  }
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
