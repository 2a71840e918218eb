import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createWebClient } from '../api/client.ts'
import '../ui/base.css'
import { App } from './app.tsx'

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no element with the id root')
createRoot(root).render(
  <StrictMode>
    <App client={createWebClient(window.location.origin)} />
  </StrictMode>,
)
