import { useState } from 'react'
import { mostLineCharacters } from '../../../shared/contract/diagnosis.ts'
import type { RequestNamed } from '../../api/diagnosis.ts'
import { LookupField } from './lookup-field.tsx'
import { namedBy } from './request-named.ts'

/** One field for every id and for a pasted line: which it is, is found out. */
export function RequestLookup({
  initial,
  hasEnvironment,
  onNamed,
}: {
  readonly initial: string
  readonly hasEnvironment: boolean
  readonly onNamed: (named: RequestNamed) => void
}) {
  const [failure, setFailure] = useState<string | null>(null)
  return (
    <LookupField
      key={initial}
      label={hasEnvironment ? 'Request, trace or decision id, or a log line' : 'A line of an Envoy’s access log'}
      placeholder={hasEnvironment ? 'Id, or a pasted line' : 'A pasted line'}
      initial={initial}
      most={mostLineCharacters}
      failure={failure}
      testId="request-lookup"
      onAsk={(text) => {
        const result = namedBy(text)
        if (!result.ok) return setFailure(result.why)
        if (!hasEnvironment && result.named.by !== 'line') {
          return setFailure('An id is looked up in an environment, and none is connected. Paste a line instead.')
        }
        setFailure(null)
        onNamed(result.named)
      }}
    />
  )
}
