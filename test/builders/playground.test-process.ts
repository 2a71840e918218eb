import { systemClock } from '../../electron/platform/clock.ts'
import { startPlayground } from '../../electron/playground/index.ts'

/** A process that runs a playground with the OPA of its argument until it is ended; prints its folder once it runs. */
const [opa = null] = process.argv.slice(2)
const log = { info() {}, warn: console.error, error: console.error }
const playground = await startPlayground({ clock: systemClock, log, opa })
console.log(playground.folder)
