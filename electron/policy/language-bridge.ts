import { z } from 'zod'
import { changedText, changeSchema, type Range, rangeSchema } from './language-documents.ts'

/**
 * Between Monaco's LSP client (monaco-editor 0.57) and Regal's language server (0.42), which do not get along by themselves:
 * each rule below is one thing that was measured to go wrong without it. Pure: messages in, messages out.
 */
export interface LanguageBridge {
  fromPage(message: string): Passed
  fromServer(message: string): Passed
  /** Edits that wait to be told. Regal lints its whole folder at each, so they are told together. */
  flush(): readonly string[]
  /** Paths of the draft as they are spelled: the client writes addresses in lower case. */
  know(paths: readonly string[]): void
  /** False: modules that are imported are not in Regal's folder, and what it says of imports is not true. */
  seesAll(isWhole: boolean): void
  /** Address of a file of the draft for Regal. */
  onServer(path: string): string
  /** Open Rego files by path, with the text as it is being edited. */
  readonly documents: ReadonlyMap<string, string>
}

/** What one message leads to, in order. */
export interface Passed {
  readonly toServer: readonly string[]
  readonly toPage: readonly string[]
}

export interface BridgePlaces {
  /** Address of the draft as the page writes it, without a slash at the end: `file:///draft`. */
  readonly page: string
  /** Address of the folder that Regal works in. */
  readonly server: string
}

const messageSchema = z.looseObject({
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
})
type Message = z.infer<typeof messageSchema>

const documentParams = z.object({ textDocument: z.object({ uri: z.string() }) })
const openParams = z.object({
  textDocument: z.object({ uri: z.string(), version: z.number(), text: z.string() }),
})
const changeParams = z.object({
  textDocument: z.object({ uri: z.string(), version: z.number() }),
  contentChanges: z.array(changeSchema),
})
const diagnosticSchema = z.looseObject({
  range: rangeSchema,
  message: z.string(),
  code: z.unknown().optional(),
  source: z.unknown().optional(),
})
type Diagnostic = z.infer<typeof diagnosticSchema>
const publishParams = z.looseObject({ uri: z.string(), diagnostics: z.array(diagnosticSchema) })
const actionParams = z.looseObject({
  context: z.looseObject({ diagnostics: z.array(diagnosticSchema) }),
  textDocument: z.object({ uri: z.string() }),
})
const editParams = z.looseObject({ edit: z.unknown() })
const initializeResult = z.looseObject({ capabilities: z.record(z.string(), z.unknown()) })

/** Answered by OPA, or drawn by the editor itself: a second provider of the same would fight with it. */
const notOffered = ['diagnosticProvider', 'documentFormattingProvider', 'codeLensProvider']
/** What does not parse is said by OPA, sooner; a reference may lead into data, which Regal is not given. */
const notSaid = new Set<unknown>(['rego-parse-error', 'unresolved-reference'])
/** Commands that need a window of Visual Studio Code, or that write settings which would become part of the bundle. */
const notSupported = new Set(['regal.config.disable-rule', 'regal.createTest', 'regal.debug', 'regal.explorer'])
const commandSchema = z.looseObject({ command: z.looseObject({ command: z.string() }) })
const nothing: Passed = { toServer: [], toPage: [] }

export function createLanguageBridge(places: BridgePlaces): LanguageBridge {
  const documents = new Map<string, string>()
  const versions = new Map<string, number>()
  const waiting = new Set<string>()
  const published = new Map<string, readonly Diagnostic[]>()
  let spelling = new Map<string, string>()
  let isWhole = true
  let initializeId: string | number | null = null

  /** Path in the draft of an address of the page; null: of something else that the page has open. */
  function pathOf(uri: string): string | null {
    const prefix = `${places.page}/`
    if (!uri.toLowerCase().startsWith(prefix.toLowerCase())) return null
    // The client compares addresses as they are written without percent signs.
    const path = uri.slice(prefix.length)
    return spelling.get(path.toLowerCase()) ?? path
  }
  const regoPathOf = (uri: string): string | null => {
    const path = pathOf(uri)
    return path?.endsWith('.rego') === true ? path : null
  }
  const onServer = (path: string): string => `${places.server}/${encoded(path)}`
  const onPage = (path: string): string => `${places.page}/${path}`

  function flush(): readonly string[] {
    const told = [...waiting].flatMap((path) => {
      const text = documents.get(path)
      if (text === undefined) return []
      const textDocument = { uri: onServer(path), version: versions.get(path) ?? 0 }
      // Whole texts: Regal ignores changes that have a range.
      return [notification('textDocument/didChange', { textDocument, contentChanges: [{ text }] })]
    })
    waiting.clear()
    return told
  }

  function opened(params: unknown): Passed {
    const { uri, version, text } = openParams.parse(params).textDocument
    const path = regoPathOf(uri)
    if (path === null) return nothing
    documents.set(path, text)
    versions.set(path, version)
    const textDocument = { uri: onServer(path), languageId: 'rego', version, text }
    return { toServer: [notification('textDocument/didOpen', { textDocument })], toPage: [] }
  }

  function changed(params: unknown): Passed {
    const { textDocument, contentChanges } = changeParams.parse(params)
    const path = regoPathOf(textDocument.uri)
    const before = path === null ? undefined : documents.get(path)
    if (path === null || before === undefined) return nothing
    documents.set(path, changedText(before, contentChanges))
    versions.set(path, textDocument.version)
    waiting.add(path)
    return nothing
  }

  function closed(params: unknown): Passed {
    const path = regoPathOf(documentParams.parse(params).textDocument.uri)
    if (path === null || !documents.delete(path)) return nothing
    waiting.delete(path)
    published.delete(path)
    return {
      toServer: [notification('textDocument/didClose', { textDocument: { uri: onServer(path) } })],
      toPage: [],
    }
  }

  function initialize(message: Message): Passed {
    initializeId = message.id ?? null
    const given = z.looseObject({}).parse(message.params)
    const params = {
      ...given,
      clientInfo: { name: 'Everyhop' },
      // Without a root Regal takes the folder of the first opened file.
      rootUri: places.server,
      workspaceFolders: [{ uri: places.server, name: 'draft' }],
      initializationOptions: { formatter: 'opa-fmt' },
    }
    return { toServer: [JSON.stringify({ ...message, params })], toPage: [] }
  }

  /** The client forgets code, source and data of the diagnostics that an action is asked for. */
  function withWhatWasPublished(params: unknown): unknown {
    const read = actionParams.safeParse(params)
    if (!read.success) return params
    const known = published.get(regoPathOf(read.data.textDocument.uri) ?? '') ?? []
    const diagnostics = read.data.context.diagnostics.map((asked) => known.find((one) => isSame(one, asked)) ?? asked)
    return { ...read.data, context: { ...read.data.context, diagnostics } }
  }

  function asked(message: Message): Passed {
    const about = documentParams.safeParse(message.params)
    // The client asks about every text that the editor has: of others there is nothing to say.
    if (about.success && regoPathOf(about.data.textDocument.uri) === null) {
      return { toServer: [], toPage: [JSON.stringify({ jsonrpc: '2.0', id: message.id, result: null })] }
    }
    const params = message.method === 'textDocument/codeAction' ? withWhatWasPublished(message.params) : message.params
    const sent = { ...message, params: withAddresses(params, (uri) => serverUri(uri)) }
    // What is asked is asked of the text as it is now.
    return { toServer: [...flush(), JSON.stringify(sent)], toPage: [] }
  }

  function serverUri(uri: string): string {
    const path = pathOf(uri)
    return path === null ? uri : onServer(path)
  }

  function pageUri(uri: string): string {
    return uri.startsWith(`${places.server}/`) ? onPage(decoded(uri.slice(places.server.length + 1))) : uri
  }

  function diagnosed(params: unknown): Passed {
    const { uri, diagnostics } = publishParams.parse(params)
    const path = regoPathOf(pageUri(uri))
    if (path === null || !documents.has(path)) return nothing
    const kept = diagnostics.filter(({ code }) => !notSaid.has(code) && (isWhole || code !== 'unresolved-import'))
    published.set(path, kept)
    const message = notification('textDocument/publishDiagnostics', { uri: onPage(path), diagnostics: kept })
    return { toServer: [], toPage: [message] }
  }

  /** The client answers no request of a server, and Regal waits for each. */
  function answered(message: Message): Passed {
    const result = message.method === 'workspace/applyEdit' ? { applied: true } : null
    const toServer = [JSON.stringify({ jsonrpc: '2.0', id: message.id, result })]
    if (message.method !== 'workspace/applyEdit') return { toServer, toPage: [] }
    const { edit } = editParams.parse(message.params)
    return { toServer, toPage: [notification('everyhop/applyEdit', { edit: withAddresses(edit, pageUri) })] }
  }

  return {
    documents,
    onServer,
    flush,
    know(paths) {
      spelling = new Map(paths.map((path) => [path.toLowerCase(), path]))
    },
    seesAll(now) {
      isWhole = now
    },
    fromPage(text) {
      const message = parsed(text)
      if (message === null) return nothing
      if (message.method === 'initialize') return initialize(message)
      if (message.method === 'textDocument/didOpen') return opened(message.params)
      if (message.method === 'textDocument/didChange') return changed(message.params)
      if (message.method === 'textDocument/didClose') return closed(message.params)
      if (message.method !== undefined && message.id !== undefined) return asked(message)
      return { toServer: [JSON.stringify(message)], toPage: [] }
    },
    fromServer(text) {
      const message = parsed(text)
      if (message === null) return nothing
      if (message.method !== undefined && message.id !== undefined) return answered(message)
      if (message.method === 'textDocument/publishDiagnostics') return diagnosed(message.params)
      // Progress and logs are for a window that has a place for them.
      if (message.method !== undefined) return nothing
      if (message.id !== null && message.id === initializeId) {
        const read = initializeResult.safeParse(message.result)
        if (read.success) return { toServer: [], toPage: [JSON.stringify({ ...message, result: offered(read.data) })] }
      }
      const answer = { ...message, ...('result' in message ? { result: supported(message.result) } : {}) }
      return { toServer: [], toPage: [JSON.stringify(withAddresses(answer, pageUri))] }
    },
  }
}

function offered(result: z.infer<typeof initializeResult>): unknown {
  const kept = Object.entries(result.capabilities).filter(([name]) => !notOffered.includes(name))
  return { ...result, capabilities: Object.fromEntries(kept) }
}

/** A list of actions without those that lead nowhere here; any other answer as it is. */
function supported(result: unknown): unknown {
  if (!Array.isArray(result)) return result
  return result.filter((each) => {
    const action = commandSchema.safeParse(each)
    return !action.success || !notSupported.has(action.data.command.command)
  })
}

/** Addresses are values of `uri` and the like, and names of the edits by file; the texts of documents are let be. */
function withAddresses(value: unknown, change: (uri: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => withAddresses(each, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]: [string, unknown]) => {
      const key = name.startsWith('file://') ? change(name) : name
      if (typeof each !== 'string') return [key, withAddresses(each, change)]
      return [key, /uri$/i.test(name) ? change(each) : each]
    }),
  )
}

function isSame(one: Diagnostic, other: Diagnostic): boolean {
  return one.message === other.message && startsAt(one.range, other.range)
}

/** Only where they start: the editor widens a range that is empty. */
function startsAt(one: Range, other: Range): boolean {
  return one.start.line === other.start.line && one.start.character === other.start.character
}

export function notification(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params })
}

function parsed(text: string): Message | null {
  try {
    const read = messageSchema.safeParse(JSON.parse(text))
    return read.success ? read.data : null
  } catch {
    return null
  }
}

function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
