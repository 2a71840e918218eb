import { useEffect, useRef, useState } from 'react'
import type { GraphView } from '../../../shared/domain/model/view.ts'
import { noticeSentence } from '../../../shared/words/notices.ts'
import { countsSentence } from '../../../shared/words/summaries.ts'

const quietMs = 10_000

/** Says changes to those who do not see them: a new failing hop at once, the rest politely and every 10 s at most. */
export function Announcer({ view, names }: { readonly view: GraphView; readonly names: ReadonlyMap<string, string> }) {
  const [polite, setPolite] = useState('')
  const [urgent, setUrgent] = useState('')
  const failing = useRef<ReadonlySet<string> | null>(null)
  const spokenAt = useRef(0)
  const sentence = countsSentence(view.counts)

  useEffect(() => {
    const now = new Set(
      view.edges.flatMap((edge) => (edge.type === 'hop' && edge.hop.transport.state === 'failing' ? [edge.id] : [])),
    )
    const before = failing.current
    failing.current = now
    if (before === null) return
    const added = view.edges.filter((edge) => now.has(edge.id) && !before.has(edge.id))
    const first = added[0]
    if (first === undefined) return
    setUrgent(
      added.length === 1
        ? noticeSentence('hop-failing', {
            from: names.get(first.from) ?? first.from,
            to: names.get(first.to) ?? first.to,
          })
        : noticeSentence('hops-failing', { count: added.length }),
    )
  }, [view.edges, names])

  useEffect(() => {
    const wait = Math.max(0, spokenAt.current + quietMs - Date.now())
    const timer = setTimeout(() => {
      spokenAt.current = Date.now()
      setPolite(sentence)
    }, wait)
    return () => clearTimeout(timer)
  }, [sentence])

  return (
    <>
      <div className="visually-hidden" aria-live="polite">
        {polite}
      </div>
      <div className="visually-hidden" role="alert">
        {urgent}
      </div>
    </>
  )
}
