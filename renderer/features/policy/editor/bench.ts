import type { DraftFile } from '../../../../shared/contract/policy.ts'
import type { RevisionId } from '../../../../shared/domain/model/policy.ts'
import type { Client } from '../../../api/client.ts'
import { failureSentence } from '../../../api/environments.ts'
import { failureOf } from '../../../api/failure.ts'
import { applyLanguageEdit } from './apply-edit.ts'
import { type BenchState, emptyBench } from './bench-state.ts'
import { type Checks, createChecks } from './checks.ts'
import { draftAddress, languageLink } from './language-link.ts'
import { markProblems, regalProblems } from './markers.ts'
import { monaco } from './monaco.ts'

export type BenchSubject =
  | { readonly kind: 'draft'; readonly draft: string }
  | { readonly kind: 'deployed'; readonly environment: string; readonly bundle: string; readonly of: RevisionId }

export type Model = ReturnType<typeof monaco.editor.createModel>

/** The open files of one draft, or of one deployed revision: texts in Monaco, everything else as a state to draw. */
export interface Bench {
  readonly subject: BenchSubject
  subscribe(listener: () => void): () => void
  get(): BenchState
  /** Shows a file, with the cursor on a row (from 1) where one is given. */
  open(path: string, place?: { readonly row: number; readonly column?: number }): Promise<void>
  close(path: string): Promise<void>
  modelOf(path: string): Model | null
  /** Where the editor is to go when it next shows; taken once. */
  takePlace(): { readonly row: number; readonly column: number } | null
  /** Writes what was edited. `thorough`: then checks, and runs the tests. False: something could not be written. */
  save(thorough: boolean): Promise<boolean>
  /** `mine` writes what is in the editor over theirs; `theirs` takes it, and mine is one undo away. */
  settle(how: 'mine' | 'theirs'): Promise<void>
  create(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  format(): Promise<void>
  runTests(): Promise<void>
  /** Regal was not there, and now is. */
  startLanguage(): void
  stop(): void
}

interface OpenFile {
  readonly path: string
  readonly model: Model
  /** Version of the draft's file that the text rests on; null: deployed. */
  version: number | null
  /** Monaco's number of the text as it was last written. */
  saved: number
  readonly clean: () => void
}

const autosaveMs = 1000
/** What other programs may have written is looked at so often. Milliseconds. */
const outsideMs = 3000

export function createBench(client: Client, subject: BenchSubject, onWritten: () => void): Bench {
  let state: BenchState = emptyBench
  const listeners = new Set<() => void>()
  const files = new Map<string, OpenFile>()
  const opening = new Map<string, Promise<OpenFile>>()
  let place: { readonly row: number; readonly column: number } | null = null
  let isStopped = false
  const draft = subject.kind === 'draft' ? subject.draft : null
  const checks: Checks | null =
    draft === null
      ? null
      : createChecks({
          client,
          draft,
          get: () => state,
          set,
          textOf: (path) => files.get(path)?.model.getValue() ?? null,
          mark(path, owner, problems) {
            const model = files.get(path)?.model
            if (model !== undefined) markProblems(model, owner, problems)
          },
        })

  function set(change: Partial<BenchState>): void {
    if (isStopped) return
    state = { ...state, ...change }
    for (const listener of listeners) listener()
  }

  function unsaved(): readonly OpenFile[] {
    return [...files.values()].filter(
      ({ version, model, saved }) => version !== null && model.getAlternativeVersionId() !== saved,
    )
  }

  function tellUnsaved(): void {
    const paths = unsaved().map(({ path }) => path)
    if (paths.join('\n') !== state.unsaved.join('\n')) set({ unsaved: paths })
  }

  async function read(path: string): Promise<{ readonly text: string; readonly version: number | null }> {
    if (subject.kind === 'draft') return client.policy.readDraft({ draft: subject.draft, path })
    const { environment, bundle, of } = subject
    const { text } = await client.policy.file({ environment, bundle, of, path })
    return { text, version: null }
  }

  function load(path: string): Promise<OpenFile> {
    const known = files.get(path)
    if (known !== undefined) return Promise.resolve(known)
    const before = opening.get(path)
    if (before !== undefined) return before
    const loading = read(path)
      .then(({ text, version }) => {
        const model = monaco.editor.createModel(text, undefined, addressOf(subject, path))
        // Brackets have the colour of the text, as in the design.
        model.updateOptions({
          bracketColorizationOptions: { enabled: false, independentColorPoolPerBracketType: false },
        })
        const listener = model.onDidChangeContent(() => {
          if (isStopped) return
          checks?.typed(path)
          tellUnsaved()
          if (state.tests !== null && !state.tests.isOld) set({ tests: { ...state.tests, isOld: true } })
        })
        const file: OpenFile = {
          path,
          model,
          version,
          saved: model.getAlternativeVersionId(),
          clean: () => {
            listener.dispose()
            model.dispose()
          },
        }
        if (isStopped) file.clean()
        else files.set(path, file)
        checks?.typed(path)
        return file
      })
      .finally(() => opening.delete(path))
    opening.set(path, loading)
    return loading
  }

  function drop(path: string): void {
    files.get(path)?.clean()
    files.delete(path)
    checks?.forget(path)
    const tabs = state.tabs.filter((each) => each !== path)
    const { [path]: _gone, ...refused } = state.refused
    const at = state.tabs.indexOf(path)
    const active = state.active === path ? (tabs[Math.min(at, tabs.length - 1)] ?? null) : state.active
    set({ tabs, active, refused, shown: state.shown + 1 })
    tellUnsaved()
  }

  async function write(file: OpenFile): Promise<boolean> {
    if (draft === null) return true
    const mine = file.model.getValue()
    const number = file.model.getAlternativeVersionId()
    try {
      const { version } = await client.policy.writeDraft({ draft, path: file.path, text: mine, version: file.version })
      file.version = version
      file.saved = number
      set({ savedAt: Date.now(), saveFailure: null })
      return true
    } catch (error) {
      if (failureOf(error).code === 'conflict') {
        const theirs = await readOrNull(file.path)
        set({ conflict: { path: file.path, mine, theirs }, saveFailure: null })
      } else set({ saveFailure: failureSentence(error) })
      return false
    }
  }

  async function readOrNull(path: string): Promise<DraftFile | null> {
    if (draft === null) return null
    return client.policy.readDraft({ draft, path }).catch(() => null)
  }

  let writing: Promise<boolean> = Promise.resolve(true)
  function writeAll(): Promise<boolean> {
    writing = writing.then(async () => {
      const waiting = unsaved().filter(({ path }) => path !== state.conflict?.path)
      const done = await Promise.all(waiting.map(write))
      tellUnsaved()
      if (done.includes(true)) {
        onWritten()
        void checks?.whole()
      }
      return done.every(Boolean) && state.conflict === null
    })
    return writing
  }

  /** Other programs write into the draft's folder, too. What was not edited here follows; what was is asked about. */
  async function lookOutside(): Promise<void> {
    for (const file of files.values()) {
      if (file.path === state.conflict?.path || isStopped) continue
      const { version } = file
      const now = await readOrNull(file.path)
      if (now === null || now.version === file.version || file.version !== version || isStopped) continue
      if (now.text === file.model.getValue()) {
        file.version = now.version
        file.saved = file.model.getAlternativeVersionId()
        continue
      }
      const isEdited = file.model.getAlternativeVersionId() !== file.saved
      if (isEdited) set({ conflict: { path: file.path, mine: file.model.getValue(), theirs: now } })
      else {
        replace(file, now)
        set({ said: `${file.path} was changed outside of Everyhop and is shown as it is now.` })
        onWritten()
        void checks?.whole()
      }
    }
  }

  /** With the text before one undo away. */
  function replace(file: OpenFile, { text, version }: DraftFile): void {
    file.version = version
    file.model.pushEditOperations([], [{ range: file.model.getFullModelRange(), text }], () => null)
    file.saved = file.model.getAlternativeVersionId()
    tellUnsaved()
  }

  async function remove(path: string): Promise<void> {
    if (draft === null) return
    await client.policy.removeDraftFile({ draft, path })
    drop(path)
    onWritten()
    void checks?.whole()
  }

  async function rename(from: string, to: string): Promise<void> {
    if (draft === null || from === to) return
    const file = await load(from)
    await client.policy.writeDraft({ draft, path: to, text: file.model.getValue(), version: null })
    const isShown = state.active === from
    await client.policy.removeDraftFile({ draft, path: from })
    drop(from)
    onWritten()
    if (isShown) await open(to)
    void checks?.whole()
  }

  async function open(path: string, at?: { readonly row: number; readonly column?: number }): Promise<void> {
    const tabs = state.tabs.includes(path) ? state.tabs : [...state.tabs, path]
    set({ tabs, active: path })
    try {
      await load(path)
      const { [path]: _gone, ...refused } = state.refused
      if (at !== undefined) place = { row: at.row, column: at.column ?? 1 }
      set({ refused, shown: state.shown + 1 })
    } catch (error) {
      set({ refused: { ...state.refused, [path]: failureSentence(error) }, shown: state.shown + 1 })
    }
  }

  function startLanguage(): void {
    if (draft === null) return
    languageLink.open(client, draft, {
      changed: (language) => set({ language }),
      needs: async (path) => void (await load(path)),
      applyEdit: (edit) =>
        void applyLanguageEdit(edit, {
          modelOf: async (path) => (await load(path)).model,
          shown: (path) => open(path),
          rename,
        }).catch((error: unknown) => set({ said: failureSentence(error) })),
    })
  }

  const markers = monaco.editor.onDidChangeMarkers(() => set({ regal: regalProblems() }))
  const timers =
    draft === null
      ? []
      : [setInterval(() => void writeAll(), autosaveMs), setInterval(() => void lookOutside(), outsideMs)]
  startLanguage()
  void checks?.whole()
  void checks?.tests()

  return {
    subject,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    get: () => state,
    open,
    async close(path) {
      const file = files.get(path)
      if (file !== undefined && !(await writeAll()) && unsaved().includes(file)) return
      drop(path)
    },
    modelOf: (path) => files.get(path)?.model ?? null,
    takePlace() {
      const taken = place
      place = null
      return taken
    },
    async save(thorough) {
      const isWritten = await writeAll()
      if (thorough && isWritten) await Promise.all([checks?.whole(), checks?.tests()])
      return isWritten
    },
    async settle(how) {
      const { conflict } = state
      const file = conflict === null ? undefined : files.get(conflict.path)
      if (conflict === null || file === undefined) return
      const theirs = await readOrNull(conflict.path)
      set({ conflict: null })
      if (how === 'theirs') {
        if (theirs === null) drop(conflict.path)
        else replace(file, theirs)
        return
      }
      if (theirs !== null) {
        // Theirs becomes the step before mine, so that an undo brings it back.
        const { mine } = conflict
        replace(file, theirs)
        file.model.pushStackElement()
        file.model.pushEditOperations([], [{ range: file.model.getFullModelRange(), text: mine }], () => null)
      } else {
        file.version = null
        await write(file)
      }
      await writeAll()
    },
    async create(path) {
      if (draft === null) return
      await client.policy.writeDraft({ draft, path, text: beginningOf(path), version: null })
      onWritten()
      await open(path)
    },
    rename,
    remove,
    async format() {
      const file = state.active === null ? undefined : files.get(state.active)
      if (file === undefined || file.version === null) return
      const before = file.model.getValue()
      const { text, problem } = await client.policy.format({ path: file.path, text: before })
      if (problem !== null) set({ said: `It cannot be formatted: ${problem.message}` })
      else if (text !== before && file.model.getValue() === before) {
        file.model.pushEditOperations([], [{ range: file.model.getFullModelRange(), text }], () => null)
      }
    },
    async runTests() {
      if (await writeAll()) await checks?.tests()
    },
    startLanguage,
    stop() {
      const last = unsaved().map((file) => ({ file, text: file.model.getValue() }))
      isStopped = true
      languageLink.close()
      checks?.stop()
      for (const timer of timers) clearInterval(timer)
      markers.dispose()
      // At once: the next draft has files of the same addresses. What was not written yet is, behind what is being written.
      for (const file of files.values()) file.clean()
      if (draft === null) return
      void writing.then(() =>
        Promise.allSettled(
          last.map(({ file: { path, version }, text }) => client.policy.writeDraft({ draft, path, text, version })),
        ),
      )
    },
  }
}

function addressOf(subject: BenchSubject, path: string) {
  return subject.kind === 'draft'
    ? monaco.Uri.parse('file:///').with({ path: `/${draftAddress.slice('file:///'.length)}${path}` })
    : monaco.Uri.from({ scheme: 'deployed', path: `/${subject.of.digest ?? subject.of.revision}/${path}` })
}

/** A new Rego file is of the package that its place says. */
function beginningOf(path: string): string {
  if (path.endsWith('.json')) return '{}\n'
  if (!path.endsWith('.rego')) return ''
  const names = path
    .replace(/\.rego$/, '')
    .split('/')
    .map((name) => name.replaceAll(/\W/g, '_'))
  return `package ${names.join('.')}\n`
}
