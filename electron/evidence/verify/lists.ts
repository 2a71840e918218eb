import { StringDecoder } from 'node:string_decoder'
import type { CheckedArtefact } from './artefacts.ts'
import type { Findings } from './findings.ts'
import type { PackReader } from './reader.ts'
import { createTableReader, type Row } from './tables.ts'

/** Exceptions that are listed one by one, of all artefacts together. */
const mostListed = 10_000

/** `summary.csv` says of every artefact what it is, and `exceptions.csv` points at a line for each of the first exceptions. */
export async function checkLists(
  reader: PackReader,
  findings: Findings,
  artefacts: readonly CheckedArtefact[],
): Promise<void> {
  const rows: Row[] = []
  const columns = ['artefact', 'state', 'records', 'exceptions', 'gaps', 'merkle_root'] as const
  const isSummary = await readTable(reader, 'data/summary.csv', columns, (row) => {
    if (rows.length <= artefacts.length) rows.push(row)
  })
  if (isSummary === false) findings.failed('artefacts', 'table-malformed', { path: 'data/summary.csv' })
  if (isSummary === true) {
    const said = rows.map((row) => columns.map((name) => row.get(name)).join(','))
    const expected = artefacts.map(({ id, state, records, exceptions, gaps, merkleRoot }) => {
      return [id, state, records, exceptions, gaps, merkleRoot].join(',')
    })
    if (said.join('\n') !== expected.join('\n'))
      findings.failed('artefacts', 'summary-differs', { path: 'data/summary.csv' })
  }
  await checkExceptions(reader, findings, artefacts)
}

async function checkExceptions(
  reader: PackReader,
  findings: Findings,
  artefacts: readonly CheckedArtefact[],
): Promise<void> {
  const path = 'data/exceptions.csv'
  const listed = new Map<string, number>()
  let before: readonly number[] = []
  let wrong = 0
  let row = 0
  const isTable = await readTable(reader, path, ['artefact', 'file', 'line'], (cells) => {
    row += 1
    const at = artefacts.findIndex(({ id }) => id === cells.get('artefact'))
    const files = [...(artefacts[at]?.files ?? [])]
    const fileAt = files.findIndex(([name]) => name === cells.get('file'))
    const text = cells.get('line') ?? ''
    const line = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0
    const place = [at, fileAt, line]
    if (at === -1 || fileAt === -1 || line < 1 || line > (files[fileAt]?.[1] ?? 0) || !isAfter(place, before)) {
      wrong += 1
      if (wrong === 1) findings.failed('artefacts', 'exception-row', { path, row })
    }
    before = place
    const id = artefacts[at]?.id
    if (id !== undefined) listed.set(id, (listed.get(id) ?? 0) + 1)
  })
  if (isTable === null) return
  if (!isTable) findings.failed('artefacts', 'table-malformed', { path })
  let room = mostListed
  for (const { id, exceptions } of artefacts) {
    const expected = Math.min(exceptions, room)
    room -= expected
    const found = listed.get(id) ?? 0
    if (isTable && found !== expected)
      findings.failed('artefacts', 'exception-count', { artefact: id, found, expected })
  }
}

function isAfter(place: readonly number[], before: readonly number[]): boolean {
  for (const [at, part] of place.entries()) {
    const other = before[at] ?? -1
    if (part !== other) return part > other
  }
  return false
}

/** null: it is not there, or was not read whole; that is said elsewhere. */
async function readTable(
  reader: PackReader,
  path: string,
  columns: readonly string[],
  take: (row: Row) => void,
): Promise<boolean | null> {
  const table = createTableReader(take)
  const decoder = new StringDecoder('utf8')
  for await (const piece of reader.pieces(path, 'payload-manifest')) table.add(decoder.write(piece))
  if (reader.digest(path) === null) return null
  table.end()
  return !table.malformed && columns.every((name) => table.names?.includes(name) === true)
}
