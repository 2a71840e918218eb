import { useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { useApi } from './api-context.tsx'

export interface WantedFile {
  readonly title: string
  /** Without a dot; empty: any file. */
  readonly extensions: readonly string[]
}

/** Lets somebody choose a file by a dialog of the system; null where there are none, as in a browser: a path is typed there. */
export function useBrowse(): ((wanted: WantedFile) => Promise<string | null>) | null {
  const { client, queries } = useApi()
  const { data } = useQuery(
    queries.shell.can.queryOptions({ input: {}, staleTime: Number.POSITIVE_INFINITY, retry: false }),
  )
  const browse = useCallback(
    async ({ title, extensions }: WantedFile) => {
      const { path } = await client.shell.chooseFile({ title, extensions: [...extensions] })
      return path
    },
    [client],
  )
  return data?.chooseFile === true ? browse : null
}
