import { parentPort, workerData } from 'node:worker_threads'
import { openEmbeddedStore } from '../embedded/embedded-store.ts'
import { type Answer, type Call, isCall, isOptions } from './messages.ts'

/** The thread of a log store: parsing and DuckDB work here, and nobody else waits for them. */
const port = parentPort
if (port === null || !isOptions(workerData))
  throw new Error('this is the thread of a log store: it is started by openLogStore')

const store = await openEmbeddedStore(workerData)
port.on('message', (message: unknown) => {
  if (isCall(message)) void obey(message)
})
port.postMessage({ id: 0, outcome: 'done', value: null } satisfies Answer)

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
