import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { connectMain } from '../../../electron/service/desktop-ports.ts'
import { createShellClient } from '../../../electron/service/shell-client.ts'
import { type Shell, ShellRefusal } from '../../../shared/shell.ts'
import { askShell, type ShellAnswer, shellQuestion } from '../../../shared/shell-wire.ts'

/**
 * Stands in for the service in the tests of the shell port: has the port as the service has it, and lets a test speak through
 * it, over the unix socket that EVERYHOP_TEST_SOCKET names, a line a message.
 */
const main = connectMain(process)
main.onOpen((door, port) => {
  if (door === 'shell') listen(createShellClient(port))
})
main.onStop(() => process.exit(0))

function listen(shell: Shell): void {
  const server = createServer((socket) => {
    const say = (answer: ShellAnswer) => socket.write(`${JSON.stringify(answer)}\n`)
    shell.onPower((power) => say({ power }))
    createInterface({ input: socket }).on('line', (line) => {
      const question = shellQuestion.parse(JSON.parse(line))
      const { id } = question
      askShell(shell, question).then(
        (value) => say({ id, value }),
        (reason: unknown) => {
          const refusal =
            reason instanceof ShellRefusal
              ? { reason: reason.reason, message: reason.message }
              : { reason: 'refused' as const, message: `not a refusal of the shell: ${String(reason)}` }
          say({ id, refusal })
        },
      )
    })
  })
  server.listen(process.env['EVERYHOP_TEST_SOCKET'], () => main.ready())
}
