import { Download, Wrench } from 'lucide-react'
import { useState } from 'react'
import type { ToolRelease } from '../../../shared/contract/policy.ts'
import { toolNotes } from '../../../shared/words/tools.ts'
import { useApi } from '../../api/api-context.tsx'
import { useCommand } from '../../api/environments.ts'
import { usePolicyAgain, usePolicyTools } from '../../api/policy.ts'
import { AskDownload } from '../../ui/ask-download.tsx'
import { Button } from '../../ui/atoms.tsx'

/** The ways to an OPA on this machine; the playground uses it as soon as it is there. */
export function GetOpa() {
  const { client } = useApi()
  const again = usePolicyAgain()
  const opa = usePolicyTools().data?.find(({ tool }) => tool === 'opa')
  const [release, setRelease] = useState<ToolRelease | null>(null)
  const { busy, failure, run } = useCommand()
  if (opa === undefined) return null
  const get = (how: 'build' | 'download', sha256: string | null) =>
    run(async () => {
      await client.policy.getTool({ tool: 'opa', how, sha256 })
      setRelease(null)
      await again()
    })
  const isIdle = opa.progress === null
  return (
    <>
      {isIdle && opa.ways.includes('build') ? (
        <Button small disabled={busy} onClick={() => void get('build', null)} data-testid="build-opa">
          <Wrench size={12} aria-hidden="true" /> Build OPA with Go
        </Button>
      ) : null}
      {isIdle && opa.ways.includes('download') ? (
        <Button
          small
          disabled={busy}
          onClick={() => void run(async () => setRelease(await client.policy.toolRelease({ tool: 'opa' })))}
        >
          <Download size={12} aria-hidden="true" /> Download OPA…
        </Button>
      ) : null}
      {isIdle && opa.command !== null ? <code>{opa.command}</code> : null}
      {toolNotes(opa).map((note) => (
        <span key={note}>{note}</span>
      ))}
      {failure === null ? null : <span role="alert">{failure}</span>}
      {release === null ? null : (
        <AskDownload
          release={release}
          busy={busy}
          onClose={() => setRelease(null)}
          onDownload={() => void get('download', release.sha256)}
        />
      )}
    </>
  )
}
