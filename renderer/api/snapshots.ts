import { useState } from 'react'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { useApi } from './api-context.tsx'
import { useCommand, useListAgain } from './environments.ts'

interface SavedSnapshot {
  readonly file: string
  readonly bytes: number
}

/** Writes what is known at a time into a file. `null`: of now. */
export function useSaveSnapshot(environment: string) {
  const { client } = useApi()
  const { busy, failure, run } = useCommand()
  const [saved, setSaved] = useState<SavedSnapshot | null>(null)
  return {
    busy,
    failure,
    saved,
    save: (at: EpochMs | null, file: string) => {
      setSaved(null)
      return run(async () => setSaved(await client.history.saveSnapshot({ environment, at, file })))
    },
  }
}

/** Opens such a file; `opened` is given the name that it is asked under. */
export function useOpenSnapshot() {
  const { client } = useApi()
  const listAgain = useListAgain()
  const { busy, failure, run, forget } = useCommand()
  return {
    busy,
    failure,
    forget,
    open: (file: string, opened: (environment: string) => void) =>
      run(async () => {
        const { environment } = await client.history.openSnapshot({ file })
        await listAgain()
        opened(environment)
      }),
  }
}
