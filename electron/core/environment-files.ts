import { parseDocument, stringify } from 'yaml'
import type { EditableEnvironment, EnvironmentDraft, SaveInput } from '../../shared/contract/environment-setup.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { type Environment, environmentSchema } from '../../shared/domain/model/environment.ts'
import { textFingerprint } from '../../shared/lib/text-fingerprint.ts'
import { problemText, unreadable } from './environment-intent.ts'
import { contradictionIn, type EnvironmentPlace, type WatchedEnvironments } from './environments.ts'
import { Failure } from './failure.ts'
import type { Files } from './ports.ts'
import { parseYaml } from './yaml-file.ts'

/** Changes files of the environments folder. Every change is whole or not at all; files are for their owner alone (0600). */
export interface EnvironmentWriter {
  /** Makes `<name>.yaml`; gives its path. Rejects with a `Failure`: `conflict` when it is there already. */
  create(name: string, text: string): Promise<string>
  /** Puts the text in place of the file's. */
  replace(path: string, text: string): Promise<void>
  /** Renames what stands in the folder under this name, a file or a link; gives the new path. */
  moveAside(listedName: string): Promise<string>
}

export interface FilePorts {
  readonly registry: WatchedEnvironments
  readonly files: Pick<Files, 'readText'>
  readonly writer: EnvironmentWriter
}

const environmentBytes = 16 * 1024 * 1024
/** `place` puts the schema there, beside the folder of environments. */
const editorLine = '# yaml-language-server: $schema=../environment.schema.json\n'

/** An environment as it is written, for changing it. Throws `not-found`, or `invalid` when it cannot be read. */
export async function readEditable(name: string, ports: FilePorts): Promise<EditableEnvironment> {
  const place = ownPlaceOf(name, ports)
  const text = await textOf(place.file, ports)
  return { draft: lean(parsed(place.file, name, text)), file: place.file, version: textFingerprint(text) }
}

/** Writes a draft as a new file, or into the file that it is of: what the draft does not change there stays as it was written. */
export async function saveEnvironment(
  { draft, edits }: SaveInput,
  ports: FilePorts,
): Promise<{ readonly environment: string; readonly file: string }> {
  const contradiction = contradictionIn(draft)
  if (contradiction !== null) throw new Failure('invalid', draft.name, contradiction, 'Correct the form.')
  if (draft.name === playgroundEnvironment) throw playgroundFailure('No other environment may have its name.')
  await ports.registry.refresh()
  if (draft.name !== edits?.environment && ports.registry.placeOf(draft.name) !== null) {
    throw new Failure(
      'conflict',
      draft.name,
      `There is an environment called "${draft.name}" already.`,
      'Choose another name.',
    )
  }
  const file =
    edits === null ? await ports.writer.create(draft.name, newText(draft)) : await change(draft, edits, ports)
  await ports.registry.refresh()
  return { environment: draft.name, file }
}

/** Moves the file aside, a broken one too; nothing is deleted. */
export async function removeEnvironment(name: string, ports: FilePorts): Promise<{ readonly movedTo: string }> {
  await ports.registry.refresh()
  const movedTo = await ports.writer.moveAside(ownPlaceOf(name, ports).listedName)
  await ports.registry.refresh()
  return { movedTo }
}

async function change(draft: Environment, edits: NonNullable<SaveInput['edits']>, ports: FilePorts): Promise<string> {
  const { file } = ownPlaceOf(edits.environment, ports)
  const text = await textOf(file, ports)
  const before = parsed(file, edits.environment, text)
  if (textFingerprint(text) !== edits.version) {
    throw new Failure(
      'conflict',
      edits.environment,
      `${file} was changed by somebody else since it was opened here.`,
      'Open it again: what they wrote is kept, what is in this form is not saved.',
    )
  }
  const after = changedText(text, lean(before), lean(draft))
  // What was written has to say what was asked for, or it is not written.
  const readBack = parseYaml(after, environmentSchema)
  if (!readBack.ok || JSON.stringify(lean(readBack.value)) !== JSON.stringify(lean(draft))) {
    await ports.writer.replace(file, newText(draft))
  } else await ports.writer.replace(file, after)
  return file
}

/** Of a file that a person wrote. */
function ownPlaceOf(name: string, { registry }: FilePorts): EnvironmentPlace {
  const place = registry.placeOf(name)
  if (place?.playground === true) throw playgroundFailure('It can be stopped, and is gone then.')
  if (place !== null) return place
  throw new Failure(
    'not-found',
    name,
    `There is no environment called "${name}".`,
    'It may have been removed meanwhile.',
  )
}

function playgroundFailure(advice: string): Failure {
  const sentence = 'The playground is part of Everyhop: it cannot be changed or removed.'
  return new Failure('read-only', playgroundEnvironment, sentence, advice)
}

async function textOf(file: string, { files }: FilePorts): Promise<string> {
  try {
    return await files.readText(file, environmentBytes)
  } catch (reason) {
    throw new Failure('invalid', file, `${file}: ${unreadable(reason)}.`, 'It is left as it is.')
  }
}

function parsed(file: string, name: string, text: string): Environment {
  const content = parseYaml(text, environmentSchema)
  if (content.ok) return content.value
  const advice = 'Correct it in an editor first: a file that cannot be read is never overwritten.'
  throw new Failure('invalid', name, problemText(file, content.problem), advice)
}

function newText(draft: Environment): string {
  return `${editorLine}${stringify(lean(draft), { lineWidth: 0 })}`
}

/** The text with only that changed which differs: comments and the order of what stays are kept. */
function changedText(text: string, before: EnvironmentDraft, after: EnvironmentDraft): string {
  const document = parseDocument(text)
  merge([], before, after)
  return document.toString({ lineWidth: 0 })

  function merge(path: readonly string[], old: unknown, next: unknown): void {
    if (JSON.stringify(old) === JSON.stringify(next)) return
    if (!isRecord(old) || !isRecord(next)) {
      document.setIn(path, document.createNode(next))
      return
    }
    for (const key of Object.keys(old)) if (!(key in next)) document.deleteIn([...path, key])
    for (const [key, value] of Object.entries(next)) merge([...path, key], old[key], value)
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Without what is at its default anyway, so that a file says what somebody chose. */
export function lean(environment: Environment): EnvironmentDraft {
  const { apiVersion, kind, name } = environment
  const usual: Readonly<Record<string, unknown>> = environmentSchema.parse({ apiVersion, kind, name, sources: {} })
  const { sources, ...rest } = environment
  const chosen = Object.entries(rest).filter(
    ([key, value]) => key in required || (value !== undefined && JSON.stringify(value) !== JSON.stringify(usual[key])),
  )
  const named = Object.entries(sources).filter(([, list]) => list.length > 0)
  return { ...required, name, ...Object.fromEntries(chosen), sources: Object.fromEntries(named) }
}

const required = { apiVersion: 'everyhop.dev/v1', kind: 'Environment', name: '' } as const
