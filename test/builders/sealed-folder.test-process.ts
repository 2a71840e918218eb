import { decisionEvent, uploadOf, uuidOf } from './log-records.ts'
import { openSealedFolder } from './sealed-folder.ts'

/** Takes in decisions, notes and events and seals them, all at once, until it is killed; says what it acknowledged. */
const [, , folder, round] = process.argv
if (folder === undefined || round === undefined) throw new Error('a folder and a round are needed')
const { logs, seals, journal, history } = await openSealedFolder(folder)
const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`)
process.stdout.write('open\n')

const first = Number(round) * 1_000_000
const change = { element: { kind: 'hop', id: 'hop/a' }, name: 'a → b', aspect: 'transport' } as const

async function takeIn(): Promise<never> {
  for (let upload = 0; ; upload += 1) {
    const numbers = Array.from({ length: 10 }, (_none, index) => first + upload * 10 + index)
    const events = numbers.map((number) => decisionEvent({ number }))
    const result = await logs.append(uploadOf('opa-decisions', events, { form: 'array', receivedAt: Date.now() }))
    if (result.outcome === 'stored') say({ stored: numbers.map((number) => uuidOf(number)) })
    if (upload % 5 === 0) await journal.note({ environment: 'dev', action: 'test.note', details: { upload } })
    const at = Date.now()
    history.recordEvents([{ at, learntAt: at, change: { ...change, from: 'a', to: 'b', direction: 'changed' } }])
  }
}

async function sealAgainAndAgain(): Promise<never> {
  for (;;) {
    await logs.settle()
    const head = await seals.seal(Date.now())
    if (head !== null) say({ head: head.number, signature: head.signature })
  }
}

await Promise.all([takeIn(), sealAgainAndAgain()])
