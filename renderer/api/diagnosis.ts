import { useQuery } from '@tanstack/react-query'
import type { RequestAsked } from '../../shared/contract/diagnosis.ts'
import type { DraftOfChange } from '../../shared/domain/diagnosis/change/model.ts'
import type { RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { useApi } from './api-context.tsx'
import type { Client } from './client.ts'
import { useCommand } from './environments.ts'
import { useAgain, useMoment, useScope } from './moment.tsx'

/** How a request is named: of what kind an id is may be left to be found out. */
export type RequestNamed = RequestAsked | { readonly by: null; readonly id: string }

/** Records of a request come for a while after it; later ones seldom change what is known. Milliseconds. */
const recordsComeFor = 60_000
const again = 5000

/** What was refused lately, in groups; asked again while it is shown. */
export function useRefusals(environment: string | null, minutes: number) {
  const { queries } = useApi()
  const scope = useScope(environment)
  return useQuery(
    queries.diagnosis.refusals.queryOptions({
      input: { ...scope, minutes, limit: 1000 },
      enabled: environment !== null,
      staleTime: 0,
      refetchInterval: useAgain(again),
      retry: false,
    }),
  )
}

/** Why one request was refused; null asks nothing. Asked again as long as records of it may still come. */
export function useRequestDiagnosis(environment: string | null, named: RequestNamed | null) {
  const { client } = useApi()
  const { at } = useMoment()
  return useQuery({
    queryKey: ['diagnosis of a request', environment, at, named],
    queryFn: ({ signal }) => diagnose(client, { environment, at }, named, signal),
    enabled: named !== null && (environment !== null || named.by === 'line'),
    staleTime: 0,
    retry: false,
    refetchInterval: ({ state: { data } }) =>
      at !== null || data === undefined || named?.by === 'line' || isOver(data, Date.now()) ? false : again,
  })
}

function isOver({ subject, verdict, open }: RequestDiagnosis, now: number): boolean {
  // A busy machine may find the rule the next time.
  const isLate = open.some(({ reason }) => reason.code === 'not-evaluated' && reason.params['why'] === 'late')
  return !isLate && verdict.cause !== 'unknown' && subject.at !== null && now - subject.at > recordsComeFor
}

/** An id that is only an id is tried as each of the three, the likeliest first. */
async function diagnose(
  client: Client,
  scope: { readonly environment: string | null; readonly at: EpochMs | null },
  named: RequestNamed | null,
  signal: AbortSignal,
): Promise<RequestDiagnosis> {
  if (named === null) throw new Error('nothing is asked')
  if (named.by !== null) return client.diagnosis.request({ ...scope, asked: named }, { signal })
  const ask = (by: 'request' | 'trace' | 'decision') =>
    client.diagnosis.request({ ...scope, asked: { by, id: named.id } }, { signal })
  const first = await ask('request')
  if (!isNothing(first)) return first
  for (const by of ['trace', 'decision'] as const) {
    const found = await ask(by)
    if (!isNothing(found)) return found
  }
  return first
}

function isNothing({ verdict }: RequestDiagnosis): boolean {
  return verdict.reason.code === 'nothing-found'
}

/** The least that would let a denied request pass; tried once, since it evaluates many times. Null asks nothing. */
export function useSmallestChange(environment: string, decisionId: string | null) {
  const { queries } = useApi()
  return useQuery(
    queries.diagnosis.change.queryOptions({
      input: { environment, decisionId: decisionId ?? '-' },
      enabled: decisionId !== null,
      staleTime: 60_000,
      retry: false,
    }),
  )
}

/** Makes a draft of a proposed change; `opened` is given its id. */
export function useOpenDraft(environment: string): {
  readonly busy: boolean
  readonly failure: string | null
  readonly open: (draft: DraftOfChange, opened: (id: string) => void) => Promise<boolean>
} {
  const { client } = useApi()
  const { busy, failure, run } = useCommand()
  return {
    busy,
    failure,
    open: (draft, opened) =>
      run(async () => {
        opened((await client.policy.startDraft({ environment, ...draft })).id)
      }),
  }
}
