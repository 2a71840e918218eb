import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createWebClient } from '../api/client.ts'
import { openDesktopDoor } from '../api/desktop-client.ts'
import '../ui/base.css'
import { App } from './app.tsx'
import { DesktopApp } from './desktop.tsx'

// The router reads the part before the hash as well; nothing of the view lives there, and a used code must not stay in the address.
if (window.location.search !== '') {
  window.history.replaceState(null, '', `${window.location.pathname}${window.location.hash}`)
}

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no element with the id root')
// The address tells the door: app:// is served by the desktop app alone.
const page =
  window.location.protocol === 'app:' ? (
    <DesktopApp door={openDesktopDoor(window)} />
  ) : (
    <App client={createWebClient(window.location.origin)} />
  )
createRoot(root).render(<StrictMode>{page}</StrictMode>)
