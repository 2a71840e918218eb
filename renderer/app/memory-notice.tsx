import { DatabaseZap } from 'lucide-react'
import { useState } from 'react'
import { notKeptSentence } from '../../shared/words/system.ts'
import { useSystemInfo } from '../api/hooks.ts'
import { Banner, Button } from '../ui/atoms.tsx'

/** That this window keeps nothing; whoever has read it can put it away. */
export function MemoryNotice() {
  const notKept = useSystemInfo().data?.notKept ?? null
  const [isRead, setRead] = useState(false)
  if (notKept === null || isRead) return null
  return (
    <Banner
      tone="warn"
      icon={<DatabaseZap size={16} aria-hidden="true" />}
      action={
        <Button small onClick={() => setRead(true)}>
          Close
        </Button>
      }
    >
      <span data-testid="not-kept">{notKeptSentence(notKept)}</span>
    </Banner>
  )
}
