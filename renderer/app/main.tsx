import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createWebClient } from '../api/client.ts'
import '../ui/base.css'
import { App } from './app.tsx'

// The router reads the part before the hash as well; nothing of the view lives there, and a used code must not stay in the address.
if (window.location.search !== '') {
  window.history.replaceState(null, '', `${window.location.pathname}${window.location.hash}`)
}

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no element with the id root')
createRoot(root).render(
  <StrictMode>
    <App client={createWebClient(window.location.origin)} />
  </StrictMode>,
)
