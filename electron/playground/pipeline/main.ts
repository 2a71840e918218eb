import type { WriteStream } from 'node:fs'
import { createWriteStream, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { PipelineConfig } from './config.ts'
import { parsePipelineConfig } from './config.ts'
import type { IntegrityEvent } from './integrity-event.ts'
import { createPipelineKeys, stageKeys } from './keys.ts'
import type { RunningStage } from './start-stage.ts'
import { startStage } from './start-stage.ts'
import { stageOf } from './topology.ts'

/** A process that runs stages: `main.ts config.json`. See README.md in this folder. */
const path = process.argv[2]
if (path === undefined) stopWith('usage: main.ts <config.json>')
try {
  await run(parsePipelineConfig(readFileSync(path, 'utf8')), resolve(dirname(path)))
} catch (error) {
  stopWith(error instanceof Error ? error.message : 'the stages could not be started')
}

async function run(config: PipelineConfig, folder: string): Promise<void> {
  const log = createWriteStream(resolve(folder, config.integrityLog), { flags: 'a', mode: 0o600 })
  log.on('error', (error) => stopWith(`integrity events cannot be written: ${error.message}`))
  const keys = config.keys ?? (await createPipelineKeys())
  const integrityLog = (event: IntegrityEvent): void => {
    log.write(`${JSON.stringify(event)}\n`)
  }
  const running = await Promise.all(
    config.stages.map(async ({ id, ...where }) =>
      startStage(stageOf(id), {
        ...where,
        keys: stageKeys(keys, id),
        integrityLog,
        clock: Date.now,
        deadlineMs: config.deadlineSeconds * 1000,
      }),
    ),
  )
  endWithParent(running, log)
  process.stdout.write('ready\n')
}

/** Whoever started us holds the other end of standard input: when they are gone, so are we. */
function endWithParent(running: readonly RunningStage[], log: WriteStream): void {
  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    Promise.all(running.map((stage) => stage.close())).then(
      () => log.end(() => process.exit(0)),
      () => process.exit(1),
    )
  }
  process.stdin.on('end', end).on('close', end).on('error', end).resume()
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

function stopWith(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}
