import { type PowerEvent, type Shell, ShellRefusal } from '../../shared/shell.ts'
import { type ShellAsk, type ShellQuestion, shellAnswer, shellValues } from '../../shared/shell-wire.ts'
import type { DesktopPort } from './desktop-ports.ts'

interface Pending {
  readonly ask: ShellAsk
  resolve(value: unknown): void
  reject(reason: Error): void
}

type Ask = ShellQuestion extends infer Question
  ? Question extends { id: number }
    ? Omit<Question, 'id'>
    : never
  : never

/** The service's end of the shell port. When the port closes, what is asked and will be asked is `cancelled`. */
export function createShellClient(port: DesktopPort): Shell {
  const pending = new Map<number, Pending>()
  const powerListeners = new Set<(event: PowerEvent) => void>()
  let asked = 0
  let isOpen = true

  port.on('message', ({ data }) => {
    const answer = shellAnswer.safeParse(data)
    if (!answer.success) return
    if ('power' in answer.data) {
      for (const listener of powerListeners) listener(answer.data.power)
      return
    }
    const question = pending.get(answer.data.id)
    if (question === undefined) return
    pending.delete(answer.data.id)
    if ('refusal' in answer.data) {
      question.reject(new ShellRefusal(answer.data.refusal.reason, answer.data.refusal.message))
      return
    }
    const value = shellValues[question.ask].safeParse(answer.data.value)
    if (value.success) question.resolve(value.data)
    else question.reject(new ShellRefusal('refused', 'The desktop answered what was not asked.'))
  })
  port.on('close', () => {
    isOpen = false
    for (const question of pending.values()) question.reject(ended())
    pending.clear()
    powerListeners.clear()
  })
  port.start()

  function call<Value>(ask: Ask, as: (value: unknown) => Value): Promise<Value> {
    if (!isOpen) return Promise.reject(ended())
    asked += 1
    const id = asked
    const answered = new Promise<unknown>((resolve, reject) => pending.set(id, { ask: ask.ask, resolve, reject }))
    port.postMessage({ ...ask, id })
    return answered.then(as)
  }

  return {
    place: 'desktop',
    keyring: () => call({ ask: 'keyring' }, (value) => shellValues.keyring.parse(value)),
    seal: (plain) => call({ ask: 'seal', plain }, (value) => shellValues.seal.parse(value)),
    unseal: (sealed) => call({ ask: 'unseal', sealed }, (value) => shellValues.unseal.parse(value)),
    chooseFile: ({ title, extensions }) =>
      call({ ask: 'chooseFile', title, extensions: [...extensions] }, (value) => shellValues.chooseFile.parse(value)),
    onPower(told) {
      // A set would take the same function twice as one.
      const listener = (event: PowerEvent) => told(event)
      powerListeners.add(listener)
      return () => {
        powerListeners.delete(listener)
      }
    },
  }
}

function ended(): ShellRefusal {
  return new ShellRefusal('cancelled', 'The desktop’s side of Everyhop ended.')
}
