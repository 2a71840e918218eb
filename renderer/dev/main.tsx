import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from '../app/app.tsx'
import '../ui/base.css'
import { createFixtureClient, type Situation } from './fixture-client.ts'

const asked = new URLSearchParams(window.location.search).get('show')
window.history.replaceState(null, '', `${window.location.pathname}${window.location.hash}`)
const situations: readonly Situation[] = [
  'lab',
  'troubled',
  'large',
  'none',
  'empty',
  'loading',
  'gone',
  'broken',
  'last-known',
  'locked',
  'playground',
  'asks',
]
const situation = situations.find((candidate) => candidate === asked) ?? 'troubled'
const root = document.getElementById('root')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App client={createFixtureClient(situation)} />
    </StrictMode>,
  )
}
