import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Built by the benchmark into a folder that it deletes. */
export default defineConfig({ root: import.meta.dirname, base: './', plugins: [react()], logLevel: 'warn' })
