import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** The window. Relative addresses, so that the web host and later app:// serve the same files; no inline script. */
export default defineConfig({
  root: folder,
  base: './',
  plugins: [react()],
  resolve: {
    alias: {
      // Its package offers it only together with ninety languages that nobody writes here.
      'monaco-editor/lsp-client': fileURLToPath(
        new URL('../node_modules/monaco-editor/esm/external/monaco-lsp-client/out/index.js', import.meta.url),
      ),
    },
  },
  worker: { format: 'es' },
  build: {
    outDir: fileURLToPath(new URL('../dist/renderer', import.meta.url)),
    emptyOutDir: true,
    target: 'es2024',
    sourcemap: false,
    // Only index.html: dev.html with its invented data never becomes part of the product.
    rollupOptions: { input: fileURLToPath(new URL('./index.html', import.meta.url)) },
    // Small files would become data: URLs, which the Content-Security-Policy refuses.
    assetsInlineLimit: 0,
  },
  server: { host: '127.0.0.1', strictPort: false },
})
