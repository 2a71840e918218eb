import type { MessagePortMain } from 'electron'
import { type Shell, ShellRefusal } from '../../shared/shell.ts'
import { askShell, type ShellAnswer, shellQuestion } from '../../shared/shell-wire.ts'

type Port = Pick<MessagePortMain, 'postMessage' | 'start'> & {
  on(event: 'message', listener: (message: { data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
}

/** Answers the service's questions to the shell over a private port, until that is closed. */
export function serveShell(shell: Shell, port: Port): void {
  let isOpen = true
  const post = (answer: ShellAnswer) => {
    if (isOpen) port.postMessage(answer)
  }
  const stopPower = shell.onPower((power) => post({ power }))
  port.on('close', () => {
    isOpen = false
    stopPower()
  })
  port.on('message', ({ data }) => {
    const question = shellQuestion.safeParse(data)
    // The service is of our own build; what it cannot have meant is not answered by guessing.
    if (!question.success) return
    const { id } = question.data
    askShell(shell, question.data).then(
      (value) => post({ id, value }),
      (reason: unknown) => post({ id, refusal: refusalOf(reason) }),
    )
  })
  port.start()
}

function refusalOf(reason: unknown): { reason: 'unavailable' | 'refused' | 'cancelled'; message: string } {
  if (reason instanceof ShellRefusal) return { reason: reason.reason, message: reason.message }
  return { reason: 'refused', message: 'The desktop did not do it, for a reason that it does not tell.' }
}
