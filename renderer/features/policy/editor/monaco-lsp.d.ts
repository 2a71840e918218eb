/** The part of monaco-editor's LSP client that is used; `vite.config.ts` says where it lies. */
declare module 'monaco-editor/lsp-client' {
  export interface JsonRpcMessage {
    readonly jsonrpc: '2.0'
    readonly id?: string | number | null
    readonly method?: string
    readonly params?: unknown
    readonly result?: unknown
    readonly error?: { readonly code: number; readonly message: string }
  }
  export interface MessageTransport {
    readonly state: { readonly value: { readonly state: 'open' }; readonly onChange: () => { dispose(): void } }
    send(message: JsonRpcMessage): Promise<void>
    setListener(listener: ((message: JsonRpcMessage) => void) | undefined): void
    toString(): string
  }
  /** Starts at once, and has no end: one a page. */
  export class MonacoLspClient {
    constructor(transport: MessageTransport)
  }
}
