import { parentPort, workerData } from 'node:worker_threads'
import type { KeptLine } from '../../../core/log-lines.ts'
import { openEmbeddedStore } from '../embedded/embedded-store.ts'
import { type Answer, type Call, isCall, isLinesCall, isOptions, type LinesCall } from './messages.ts'

/** The thread of a log store: parsing and DuckDB work here, and nobody else waits for them. */
const port = parentPort
if (port === null || !isOptions(workerData))
  throw new Error('this is the thread of a log store: it is started by openLogStore')

const store = await openEmbeddedStore(workerData)
port.on('message', (message: unknown) => {
  if (isCall(message)) void obey(message)
  else if (isLinesCall(message)) void answer(message.id, () => read(message))
})
port.postMessage({ id: 0, outcome: 'done', value: null } satisfies Answer)

/** Lines that somebody reads, by the number of the reading. */
const readings = new Map<
  number,
  { readonly lines: AsyncIterator<readonly KeptLine[]>; readonly leave: AbortController }
>()

/** null: there are no more. */
async function read(call: LinesCall): Promise<readonly KeptLine[] | null> {
  const { reading } = call
  if (call.lines === 'begin') {
    const leave = new AbortController()
    readings.set(reading, { lines: store.lines(call.record, call.after, leave.signal)[Symbol.asyncIterator](), leave })
    return null
  }
  const held = readings.get(reading)
  if (held === undefined) return null
  if (call.lines === 'leave') {
    readings.delete(reading)
    held.leave.abort(new Error('nobody reads these lines any more'))
    await held.lines.return?.()
    return null
  }
  const next = await held.lines.next()
  if (next.done !== true) return next.value
  readings.delete(reading)
  return null
}

async function obey({ id, method, parameters }: Call): Promise<void> {
  await answer(id, () => Reflect.apply(store[method], store, parameters))
  // With nothing to listen to the thread ends by itself, after whatever DuckDB still does in it.
  if (method === 'close') port?.close()
}

async function answer(id: number, work: () => Promise<unknown>): Promise<void> {
  try {
    port?.postMessage({ id, outcome: 'done', value: await work() } satisfies Answer)
  } catch (thrown) {
    const words = thrown instanceof Error ? thrown.message : String(thrown)
    port?.postMessage({ id, outcome: 'failed', words } satisfies Answer)
  }
}
