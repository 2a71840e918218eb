import { openEmbeddedStore } from '../../electron/logs/stores/embedded/embedded-store.ts'
import { createMemoryStore } from '../../electron/logs/stores/memory-store.ts'
import { openLogStore } from '../../electron/logs/stores/open-log-store.ts'
import { logStoreSuite } from './log-store-suite.ts'

logStoreSuite('the store in memory', async (_, retention) => createMemoryStore(retention), false)
logStoreSuite('the embedded store', (folder, retention) => openEmbeddedStore({ folder, retention }), true)
logStoreSuite('the embedded store in its thread', (folder, retention) => openLogStore({ folder, retention }), true)
