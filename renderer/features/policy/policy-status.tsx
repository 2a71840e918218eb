import type { DraftSummary } from '../../../shared/contract/policy.ts'
import { StatusLine } from '../../ui/status-line.tsx'
import type { BenchState } from './editor/bench-state.ts'

const keys = [
  [['Ctrl', 'S'], 'save and test'],
  [['Alt', '⏎'], 'evaluate'],
  [['F8'], 'next problem'],
  [['?'], 'help'],
] as const

/** Where the draft is kept, what Regal does, and the keys. */
export function PolicyStatus({ draft, state }: { readonly draft: DraftSummary | null; readonly state: BenchState }) {
  return (
    <StatusLine testId="policy-status" keys={keys}>
      {draft === null ? (
        <b>Read-only: nothing here changes what is deployed</b>
      ) : (
        <>
          <b>{savedWords(draft, state)}</b>
          <span>on this computer · nothing here changes the live bundle</span>
          <span data-testid="language-state">{languageWords(state.language)}</span>
        </>
      )}
      {state.said === null ? null : <span role="status">{state.said}</span>}
    </StatusLine>
  )
}

function savedWords(draft: DraftSummary, state: BenchState): string {
  if (state.saveFailure !== null) return `Draft ${draft.revision} is not saved: ${state.saveFailure}`
  if (state.unsaved.length > 0) return `Draft ${draft.revision}, being saved`
  return `Draft ${draft.revision}, saved ${new Date(state.savedAt ?? draft.savedAt).toISOString().slice(11, 19)}`
}

function languageWords(language: BenchState['language']): string {
  switch (language.state) {
    case 'off':
      return 'Regal is off'
    case 'starting':
      return 'Regal is starting'
    case 'running':
      return 'Regal is running, and listens on 127.0.0.1 (ports from 5052) while this editor is open'
    case 'missing':
      return 'Regal is not on this machine'
    case 'restarting':
      return `Regal ended and is started again in ${Math.round(language.inMs / 1000)} s; nothing is lost. ${language.why}`
  }
}
