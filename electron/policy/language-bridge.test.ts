import { expect, test } from 'vitest'
import { createLanguageBridge } from './language-bridge.ts'
import { changedText } from './language-documents.ts'

const places = { page: 'file:///draft', server: 'file:///folder/regal' }
const text = 'package pipeline.authz\n\nreason = 1\n'
const range = (line: number, from: number, to: number) => ({
  start: { line, character: from },
  end: { line, character: to },
})

function opened(path = 'pipeline/authz.rego') {
  const bridge = createLanguageBridge(places)
  bridge.know([path])
  const passed = bridge.fromPage(
    said('textDocument/didOpen', {
      textDocument: { uri: `file:///draft/${path}`.toLowerCase(), languageId: 'rego', version: 1, text },
    }),
  )
  return { bridge, passed }
}

const said = (method: string, params: unknown): string => JSON.stringify({ jsonrpc: '2.0', method, params })
const asked = (id: number, method: string, params: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params })
const read = (messages: readonly string[]): unknown[] => messages.map((message) => JSON.parse(message) as unknown)

test('initialize names the folder, which the client leaves out, and the answer offers nothing that fights with OPA', () => {
  const bridge = createLanguageBridge(places)
  const { toServer, toPage } = bridge.fromPage(asked(1, 'initialize', { rootUri: null, capabilities: { a: 1 } }))
  expect(toPage).toEqual([])
  expect(read(toServer)).toMatchObject([
    { id: 1, params: { rootUri: places.server, workspaceFolders: [{ uri: places.server }], capabilities: { a: 1 } } },
  ])
  const capabilities = {
    diagnosticProvider: {},
    documentFormattingProvider: true,
    codeLensProvider: {},
    hoverProvider: true,
  }
  const answer = bridge.fromServer(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { capabilities } }))
  expect(read(answer.toPage)).toEqual([{ jsonrpc: '2.0', id: 1, result: { capabilities: { hoverProvider: true } } }])
})

test('an opened file is told by the spelling of the draft, although the client writes lower case', () => {
  const { passed } = opened('Pipeline/Authz Rules.rego')
  expect(read(passed.toServer)).toMatchObject([
    { params: { textDocument: { uri: 'file:///folder/regal/Pipeline/Authz%20Rules.rego', text } } },
  ])
})

test('edits with ranges become one whole text, told when the editor pauses', () => {
  const { bridge } = opened()
  const change = (version: number, contentChanges: unknown) =>
    bridge.fromPage(
      said('textDocument/didChange', {
        textDocument: { uri: 'file:///draft/pipeline/authz.rego', version },
        contentChanges,
      }),
    )
  expect(change(2, [{ range: range(2, 7, 8), rangeLength: 1, text: ':=' }])).toEqual({ toServer: [], toPage: [] })
  change(3, [{ range: range(2, 10, 11), text: '2' }])
  expect(read(bridge.flush())).toEqual([
    {
      jsonrpc: '2.0',
      method: 'textDocument/didChange',
      params: {
        textDocument: { uri: 'file:///folder/regal/pipeline/authz.rego', version: 3 },
        contentChanges: [{ text: 'package pipeline.authz\n\nreason := 2\n' }],
      },
    },
  ])
  expect(bridge.flush()).toEqual([])
})

test('a question first tells the edits that it is about', () => {
  const { bridge } = opened()
  const uri = 'file:///draft/pipeline/authz.rego'
  bridge.fromPage(
    said('textDocument/didChange', { textDocument: { uri, version: 2 }, contentChanges: [{ text: 'package a\n' }] }),
  )
  const { toServer } = bridge.fromPage(
    asked(7, 'textDocument/hover', { textDocument: { uri }, position: range(0, 0, 0).start }),
  )
  expect(read(toServer)).toMatchObject([
    { method: 'textDocument/didChange' },
    { id: 7, params: { textDocument: { uri: 'file:///folder/regal/pipeline/authz.rego' } } },
  ])
})

test('a question about anything but Rego is answered with nothing, and Regal never hears of it', () => {
  const { bridge } = opened()
  for (const uri of ['file:///draft/data/tools.json', 'inmemory://model/1']) {
    expect(bridge.fromPage(said('textDocument/didOpen', { textDocument: { uri, version: 1, text: '{}' } }))).toEqual({
      toServer: [],
      toPage: [],
    })
    const { toServer, toPage } = bridge.fromPage(asked(3, 'textDocument/hover', { textDocument: { uri } }))
    expect(toServer).toEqual([])
    expect(read(toPage)).toEqual([{ jsonrpc: '2.0', id: 3, result: null }])
  }
})

const finding = {
  range: range(2, 7, 8),
  message: 'Prefer := over = for assignment',
  code: 'use-assignment-operator',
  source: 'regal/style',
  data: { anything: 1 },
}
const publish = (uri: string, diagnostics: unknown): string =>
  said('textDocument/publishDiagnostics', { uri, diagnostics })

test('findings of files that are not open, what does not parse, and references into data stay away from the page', () => {
  const { bridge } = opened()
  expect(bridge.fromServer(publish('file:///folder/regal/lib/other.rego', [finding])).toPage).toEqual([])
  const parse = { ...finding, code: 'rego-parse-error' }
  const { toPage } = bridge.fromServer(
    publish('file:///folder/regal/pipeline/authz.rego', [parse, { ...finding, code: 'unresolved-reference' }, finding]),
  )
  expect(read(toPage)).toMatchObject([
    {
      params: { uri: 'file:///draft/pipeline/authz.rego', diagnostics: [{ code: 'use-assignment-operator' }] },
    },
  ])
})

test('with modules left out nothing is said of imports that only seem to be missing', () => {
  const { bridge } = opened()
  const missing = { ...finding, code: 'unresolved-import' }
  const uri = 'file:///folder/regal/pipeline/authz.rego'
  bridge.seesAll(false)
  expect(read(bridge.fromServer(publish(uri, [missing])).toPage)).toMatchObject([{ params: { diagnostics: [] } }])
  bridge.seesAll(true)
  expect(read(bridge.fromServer(publish(uri, [missing])).toPage)).toMatchObject([
    { params: { diagnostics: [{ code: 'unresolved-import' }] } },
  ])
})

test('what the client forgets of a finding is put back when actions are asked for', () => {
  const { bridge } = opened()
  bridge.fromServer(publish('file:///folder/regal/pipeline/authz.rego', [finding]))
  const { toServer } = bridge.fromPage(
    asked(4, 'textDocument/codeAction', {
      textDocument: { uri: 'file:///draft/pipeline/authz.rego' },
      range: finding.range,
      // Wider than it was: the editor widens.
      context: { diagnostics: [{ range: range(2, 7, 9), message: finding.message, severity: 2 }] },
    }),
  )
  expect(read(toServer)).toMatchObject([
    {
      params: {
        context: {
          diagnostics: [{ code: 'use-assignment-operator', source: 'regal/style', data: { anything: 1 } }],
        },
      },
    },
  ])
})

test('actions that lead nowhere here are not offered', () => {
  const { bridge } = opened()
  const action = (command: string) => ({ title: command, kind: 'quickfix', command: { command, title: command } })
  const result = [action('regal.fix.use-assignment-operator'), action('regal.config.disable-rule')]
  const { toPage } = bridge.fromServer(JSON.stringify({ jsonrpc: '2.0', id: 4, result }))
  expect(read(toPage)).toMatchObject([{ result: [{ title: 'regal.fix.use-assignment-operator' }] }])
  expect(toPage.join()).not.toContain('disable-rule')
})

test('every question of the server is answered, and its edits go to the page by the addresses of the page', () => {
  const { bridge } = opened()
  const edits = [{ newText: ':=', range: range(2, 7, 8) }]
  const edit = {
    documentChanges: [
      { textDocument: { uri: 'file:///folder/regal/pipeline/authz.rego', version: null }, edits },
      { kind: 'rename', oldUri: 'file:///folder/regal/a%20b.rego', newUri: 'file:///folder/regal/c.rego' },
    ],
  }
  const applied = bridge.fromServer(asked(11, 'workspace/applyEdit', { label: 'fix', edit }))
  expect(read(applied.toServer)).toEqual([{ jsonrpc: '2.0', id: 11, result: { applied: true } }])
  expect(read(applied.toPage)).toEqual([
    {
      jsonrpc: '2.0',
      method: 'everyhop/applyEdit',
      params: {
        edit: {
          documentChanges: [
            { textDocument: { uri: 'file:///draft/pipeline/authz.rego', version: null }, edits },
            { kind: 'rename', oldUri: 'file:///draft/a b.rego', newUri: 'file:///draft/c.rego' },
          ],
        },
      },
    },
  ])
  for (const method of ['window/showMessageRequest', 'regal/showEvalResult', 'client/registerCapability']) {
    const { toServer, toPage } = bridge.fromServer(asked(12, method, {}))
    expect(read(toServer)).toEqual([{ jsonrpc: '2.0', id: 12, result: null }])
    expect(toPage).toEqual([])
  }
})

test('the names of edits by file are addresses too, and the texts of documents are let be', () => {
  const { bridge } = opened()
  const newText = 'file:///folder/regal/x'
  const result = { changes: { 'file:///folder/regal/pipeline/authz.rego': [{ newText, range: range(0, 0, 0) }] } }
  const { toPage } = bridge.fromServer(JSON.stringify({ jsonrpc: '2.0', id: 5, result }))
  expect(read(toPage)).toMatchObject([{ result: { changes: { 'file:///draft/pipeline/authz.rego': [{ newText }] } } }])
})

test('a closed file is forgotten, and what is no message leads to nothing', () => {
  const { bridge } = opened()
  const textDocument = { uri: 'file:///draft/pipeline/authz.rego' }
  expect(read(bridge.fromPage(said('textDocument/didClose', { textDocument })).toServer)).toMatchObject([
    { method: 'textDocument/didClose' },
  ])
  expect(bridge.documents.size).toBe(0)
  expect(bridge.fromPage('not json')).toEqual({ toServer: [], toPage: [] })
  expect(bridge.fromServer('[]')).toEqual({ toServer: [], toPage: [] })
})

test('changes are applied one after the other, with places behind the end of a line at its end', () => {
  expect(changedText('a\r\nbc\r\n', [{ range: range(0, 1, 99), text: 'x' }])).toBe('ax\r\nbc\r\n')
  expect(
    changedText('abc', [
      { range: range(0, 2, 3), text: '' },
      { range: range(0, 0, 1), text: '\n' },
      { range: range(9, 0, 0), text: '!' },
    ]),
  ).toBe('\nb!')
})
