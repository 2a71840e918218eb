/** Stands for a lab in the guardian's test: starts two processes, one of them stopped by SIGSTOP, prints their ids and waits. */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { startGuard } from './guard.ts'
import { startServer } from './processes.ts'

const [registration = '', ...folders] = process.argv.slice(2)
const mark = randomUUID()
writeFileSync(registration, 'name: lab\n')
startGuard(mark, [registration, ...folders])
const start = (name: string) => startServer({ name, command: 'sleep', arguments: ['600'], logFile: '/dev/null', mark })
const servers = [start('awake'), start('stopped')]
servers[1]?.signal('SIGSTOP')
console.log(JSON.stringify(servers.map((server) => server.pid)))
setInterval(() => undefined, 1000)
