import { type JsonRpcMessage, MonacoLspClient } from 'monaco-editor/lsp-client'
import { z } from 'zod'
import type { Client } from '../../../api/client.ts'
import { failureSentence } from '../../../api/environments.ts'
import { failureOf } from '../../../api/failure.ts'
import { pause } from '../../../api/reconnect.ts'
import { monaco } from './monaco.ts'

/** How it stands with Regal. `missing`: it is not on this machine. */
export type LanguageState =
  | { readonly state: 'off' | 'starting' | 'running' | 'missing' }
  | { readonly state: 'restarting'; readonly why: string; readonly inMs: number }

/** What Regal wants changed: `everyhop/applyEdit` of the bridge. Addresses are `file:///draft/<path>`. */
const place = z.object({ line: z.number(), character: z.number() })
const textEdits = z.array(z.object({ range: z.object({ start: place, end: place }), newText: z.string() }))
const editSchema = z.object({
  edit: z.object({
    changes: z.record(z.string(), textEdits).optional(),
    documentChanges: z
      .array(
        z.union([
          z.object({ textDocument: z.object({ uri: z.string() }), edits: textEdits }),
          z.object({ kind: z.literal('rename'), oldUri: z.string(), newUri: z.string() }),
          z.object({ kind: z.enum(['create', 'delete']), uri: z.string() }),
        ]),
      )
      .optional(),
  }),
})
export type LanguageEdit = z.infer<typeof editSchema>['edit']

const initialized = z.looseObject({
  capabilities: z.looseObject({
    executeCommandProvider: z.looseObject({ commands: z.array(z.string()) }).optional(),
  }),
})
const aboutDocument = z.looseObject({ textDocument: z.looseObject({ uri: z.string() }) })
const locations = z.array(z.looseObject({ uri: z.string() }))

export interface LanguageListener {
  changed(state: LanguageState): void
  applyEdit(edit: LanguageEdit): void
  /** Makes a model of a file of the draft that is not open yet, so that the editor can go there. */
  needs(path: string): Promise<void>
}

/** Failures in a row are waited for longer and longer. Milliseconds. */
const firstWaitMs = 1000
const longestWaitMs = 30_000
export const draftAddress = 'file:///draft/'

/**
 * Monaco's only LSP client and whatever session of the service is behind it now: the client cannot be ended, so that a
 * session that ends, by a crash or because another draft is opened, is replaced beneath it, and told all that is open.
 */
class LanguageLink {
  private client: Client | null = null
  private listener: LanguageListener | null = null
  private session: string | null = null
  private isReady = false
  private toClient: ((message: JsonRpcMessage) => void) | undefined
  private hello: JsonRpcMessage | null = null
  private wasAnswered = false
  /** Questions of the client: what for, and about which document. */
  private readonly asked = new Map<string | number, { readonly method: string; readonly uri: string | null }>()
  private readonly mine = new Map<string, (message: JsonRpcMessage) => void>()
  private count = 0
  private sending: Promise<unknown> = Promise.resolve()
  private ended = new AbortController()
  private hasCommands = false

  /** Ends what was before. */
  open(client: Client, draft: string, listener: LanguageListener): void {
    this.close()
    this.client = client
    this.listener = listener
    this.ended = new AbortController()
    void this.keepOpen(client, draft, listener, this.ended.signal)
  }

  close(): void {
    this.ended.abort()
    this.endSession()
    this.listener = null
  }

  private async keepOpen(
    client: Client,
    draft: string,
    listener: LanguageListener,
    signal: AbortSignal,
  ): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      listener.changed({ state: 'starting' })
      const startedAt = performance.now()
      let why = 'Regal’s language server ended.'
      try {
        const session = crypto.randomUUID()
        for await (const { message } of await client.policy.language({ draft, session }, { signal })) {
          if (signal.aborted) return
          this.receive(JSON.parse(message) as JsonRpcMessage, session, listener)
        }
      } catch (error) {
        if (signal.aborted) return
        if (failureOf(error).code === 'not-found') {
          this.endSession()
          listener.changed({ state: 'missing' })
          return
        }
        why = failureSentence(error)
      }
      if (signal.aborted) return
      this.endSession()
      failures = performance.now() - startedAt > longestWaitMs ? 1 : failures + 1
      const inMs = Math.min(longestWaitMs, firstWaitMs * 2 ** (failures - 1))
      listener.changed({ state: 'restarting', why, inMs })
      await pause(inMs, signal)
    }
  }

  /** What it found is not known to be true any more; who waits for an answer gets none. */
  private endSession(): void {
    this.session = null
    this.isReady = false
    for (const [id, { method }] of this.asked) {
      // The greeting is answered by the next session: without it the client would never begin.
      if (method !== 'initialize') this.toClient?.({ jsonrpc: '2.0', id, result: null })
    }
    this.asked.clear()
    this.mine.clear()
    for (const model of monaco.editor.getModels()) monaco.editor.setModelMarkers(model, 'lsp', [])
  }

  private receive(message: JsonRpcMessage, session: string, listener: LanguageListener): void {
    if (message.method === 'everyhop/started') {
      this.session = session
      this.begin(listener)
      return
    }
    if (message.method === 'everyhop/applyEdit') {
      const read = editSchema.safeParse(message.params)
      if (read.success) listener.applyEdit(read.data.edit)
      return
    }
    const { id } = message
    if (typeof id === 'string' && this.mine.has(id)) {
      this.mine.get(id)?.(message)
      this.mine.delete(id)
      return
    }
    const question = id === undefined || id === null ? undefined : this.asked.get(id)
    if (id !== undefined && id !== null) this.asked.delete(id)
    const method = question?.method
    if (id !== undefined && question !== undefined && isGone(question.uri)) {
      // The client looks for the text of a file that was closed meanwhile, and throws: to it nothing was found.
      this.toClient?.({ jsonrpc: '2.0', id, result: null })
      return
    }
    if (method === 'initialize') this.greeted(message)
    if (method === 'textDocument/definition') void this.withModels(message, listener)
    else this.toClient?.(message)
    if (method === 'initialize') this.become(listener)
  }

  /** The first session greets by the client, the later ones by what the client once said. */
  private begin(listener: LanguageListener): void {
    if (this.hello === null) {
      new MonacoLspClient({
        state: { value: { state: 'open' }, onChange: () => ({ dispose: () => {} }) },
        send: (message) => this.fromClient(message),
        setListener: (to) => {
          this.toClient = to
        },
        toString: () => 'Regal',
      })
      return
    }
    const hello = this.hello
    void this.ask('initialize', hello.params).then((answer) => {
      if (!this.wasAnswered) {
        this.wasAnswered = true
        this.toClient?.({ ...answer, id: hello.id ?? null })
      } else {
        this.post({ jsonrpc: '2.0', method: 'initialized', params: {} })
        this.tellModels()
      }
      this.greeted(answer)
      this.become(listener)
    })
  }

  private become(listener: LanguageListener): void {
    this.isReady = true
    this.wasAnswered = true
    listener.changed({ state: 'running' })
  }

  private tellModels(): void {
    for (const model of monaco.editor.getModels()) {
      const uri = model.uri.toString(true)
      if (!uri.startsWith(draftAddress)) continue
      const textDocument = { uri, languageId: 'rego', version: model.getVersionId(), text: model.getValue() }
      this.post({ jsonrpc: '2.0', method: 'textDocument/didOpen', params: { textDocument } })
    }
  }

  /** Commands of Regal's fixes, which the client leaves to somebody else. */
  private greeted(answer: JsonRpcMessage): void {
    const read = initialized.safeParse(answer.result)
    if (!read.success || this.hasCommands) return
    this.hasCommands = true
    for (const command of read.data.capabilities.executeCommandProvider?.commands ?? []) {
      monaco.editor.registerCommand(command, (_accessor: unknown, ...given: unknown[]) => {
        void this.ask('workspace/executeCommand', { command, arguments: given })
      })
    }
  }

  private async withModels(message: JsonRpcMessage, listener: LanguageListener): Promise<void> {
    const found = z.union([locations, z.looseObject({ uri: z.string() }).transform((one) => [one])])
    const read = found.safeParse(message.result)
    for (const { uri } of read.success ? read.data : []) {
      if (uri.startsWith(draftAddress)) await listener.needs(uri.slice(draftAddress.length)).catch(() => {})
    }
    this.toClient?.(message)
  }

  private async fromClient(message: JsonRpcMessage): Promise<void> {
    if (message.method === 'initialize') this.hello = message
    const { id, method } = message
    const isQuestion = method !== undefined && id !== undefined && id !== null
    if (this.session === null || !(this.isReady || method === 'initialize' || method === 'initialized')) {
      // What is open is told when there is somebody to tell; questions are not kept.
      if (isQuestion) queueMicrotask(() => this.toClient?.({ jsonrpc: '2.0', id, result: null }))
      return
    }
    if (isQuestion) {
      const about = aboutDocument.safeParse(message.params)
      this.asked.set(id, { method, uri: about.success ? about.data.textDocument.uri : null })
    }
    this.post(message)
  }

  private ask(method: string, params: unknown): Promise<JsonRpcMessage> {
    this.count += 1
    const id = `everyhop-${this.count}`
    return new Promise((resolve) => {
      this.mine.set(id, resolve)
      this.post({ jsonrpc: '2.0', id, method, params })
    })
  }

  /** One after the other: an edit must not overtake the one before. */
  private post(message: JsonRpcMessage): void {
    const { client, session } = this
    if (client === null || session === null) return
    this.sending = this.sending
      .then(() => client.policy.tellLanguage({ session, message: JSON.stringify(message) }))
      // The stream of this session ends as well, and says why.
      .catch(() => {})
  }
}

function isGone(uri: string | null): boolean {
  return uri !== null && monaco.editor.getModel(monaco.Uri.parse(uri)) === null
}

export const languageLink = new LanguageLink()
