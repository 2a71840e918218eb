/**
 * Ends what a lab left behind. The lab holds the other end of this process's standard input; when that closes, however
 * the lab came to its end, every process that carries the lab's mark in its environment is ended, and the lab's
 * registration is removed.
 *
 * Arguments: the mark, then files and folders to remove.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { runMark } from './processes.ts'

const [mark = '', ...registrations] = process.argv.slice(2)
const graceMs = 1500

process.stdin.resume()
process.stdin.on('end', finish)
process.stdin.on('close', finish)
// Asked to end itself, it still does its work first.
process.on('SIGTERM', finish)
process.on('SIGINT', finish)
process.on('SIGHUP', finish)

let finishing = false

async function finish(): Promise<void> {
  if (finishing) return
  finishing = true
  const started = Date.now()
  for (;;) {
    const left = markedProcesses()
    if (left.length === 0) break
    const patient = Date.now() - started < graceMs
    for (const pid of left) {
      send(pid, patient ? 'SIGTERM' : 'SIGKILL')
      // A server that a fault has stopped must be woken to end.
      if (patient) send(pid, 'SIGCONT')
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  for (const file of registrations) rmSync(file, { force: true, recursive: true })
  process.exit(0)
}

function markedProcesses(): readonly number[] {
  if (mark === '') return []
  const wanted = `${runMark}=${mark}`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(wanted))
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    // Ended meanwhile, or another user's: not ours.
    return []
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Ended meanwhile.
  }
}
