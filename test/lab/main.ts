/**
 * npm run lab                  starts the lab and stays until Ctrl-C
 * npm run lab -- --tier 1      the same without a Kubernetes cluster around it; --tier 3: with a Vault in it
 * npm run lab -- start --detach   starts it in the background
 * npm run lab -- provision    makes sure the servers' programs are there (a first run builds them), and starts nothing
 * npm run lab -- stop | status | truth | heal
 * npm run lab -- fault <id>    makes one fault of shared/faults, after healing the one before
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { ensureClusterPrograms } from './cluster/programs.ts'
import { askLab, type ControlRequest, openControl } from './control.ts'
import { injectionsOf } from './inject/index.ts'
import { startLab } from './lab.ts'
import type { Tier } from './plan.ts'
import { clusterBinaries, ensureBinaries, labBinaries, vaultBinaries } from './provision/binaries.ts'
import { cacheFolder } from './provision/cache-folder.ts'
import { ensureSpirePolicy } from './provision/spire-policy.ts'
import { ensureVaultPrograms } from './vault/tier.ts'

const runFolder = path.join(cacheFolder(), 'lab', 'default')
const controlSocket = path.join(runFolder, 's', 'lab.sock')

const usage = `usage: npm run lab [-- [start] [--tier 1|2|3] [--detach] | provision [--tier 1|2|3] | stop | status | truth | fault <id> | heal]
faults: ${[...injectionsOf(1).keys()].join(', ')}
faults of tier 2: ${[...injectionsOf(2).keys()].filter((id) => !injectionsOf(1).has(id)).join(', ')}
faults of tier 3: ${[...injectionsOf(3).keys()].filter((id) => !injectionsOf(2).has(id)).join(', ')}`

const statusWire = z.object({
  pid: z.number(),
  tier: z.number(),
  environmentFile: z.string(),
  kubeconfig: z.string().nullable(),
  startedAt: z.string(),
  activeFault: z.string().nullable(),
  servers: z.array(z.object({ name: z.string(), pid: z.number(), running: z.boolean() })),
  traffic: z.object({ sent: z.number(), byStatus: z.record(z.string(), z.number()) }),
})

const words = process.argv.slice(2)
const [verb, ...rest] = words[0] === undefined || words[0].startsWith('--') ? ['start', ...words] : words

run().then(
  (code) => {
    if (code !== undefined) process.exitCode = code
  },
  (error: Error) => {
    console.error(error.message)
    process.exit(1)
  },
)

async function run(): Promise<number | undefined> {
  switch (verb) {
    case 'start':
      return rest.includes('--detach') ? detach() : stayInForeground()
    case 'provision': {
      const tier = askedTier() ?? 2
      const names = [...labBinaries, ...(tier >= 2 ? clusterBinaries : []), ...(tier === 3 ? vaultBinaries : [])]
      const found = await ensureBinaries(names, { log: (line) => console.log(line) })
      await ensureSpirePolicy()
      for (const name of names) {
        console.log(`${name} ${found[name].version}, from ${found[name].from}: ${found[name].path}`)
      }
      if (tier >= 2) await ensureClusterPrograms((line) => console.log(line))
      if (tier === 3) {
        const { postgres } = await ensureVaultPrograms((line) => console.log(line))
        console.log(`postgres ${postgres.version}, from the system: ${postgres.postgres}`)
      }
      return 0
    }
    case 'stop': {
      const answer = await askLab(controlSocket, { verb: 'stop' })
      console.log(answer === undefined ? 'no lab is running' : 'the lab has stopped')
      return 0
    }
    case 'status':
      return show(await ask({ verb: 'status' }))
    case 'truth':
      console.log(JSON.stringify(await ask({ verb: 'truth' }), null, 2))
      return 0
    case 'heal':
      return show(await ask({ verb: 'heal' }))
    case 'fault': {
      const id = rest[0]
      if (id === undefined || !injectionsOf(3).has(id)) {
        console.error(usage)
        return 2
      }
      await ask({ verb: 'heal' })
      return show(await ask({ verb: 'fault', id }))
    }
    default:
      console.error(usage)
      return 2
  }
}

async function ask(request: ControlRequest): Promise<unknown> {
  const answer = await askLab(controlSocket, request)
  if (answer === undefined) throw new Error('no lab is running: start it with "npm run lab"')
  return answer.value
}

function show(value: unknown): number {
  const status = statusWire.parse(value)
  const ended = status.servers.filter((server) => !server.running).map((server) => server.name)
  const answers = Object.entries(status.traffic.byStatus).map(([code, count]) => `${count} × ${code}`)
  console.log(
    `lab: tier ${status.tier}, running since ${status.startedAt}, process ${status.pid}, ${status.servers.length} servers`,
  )
  console.log(`  environment  ${status.environmentFile}`)
  if (status.kubeconfig !== null) console.log(`  kubeconfig   ${status.kubeconfig}`)
  console.log(`  fault        ${status.activeFault ?? 'none'}`)
  if (ended.length > 0) console.log(`  ended        ${ended.join(', ')}`)
  console.log(`  traffic      ${status.traffic.sent} requests sent; answers: ${answers.join(', ')}`)
  return 0
}

function askedTier(): Tier | undefined {
  if (!rest.includes('--tier')) return undefined
  const asked = rest[rest.indexOf('--tier') + 1]
  const tier = ([1, 2, 3] as const).find((each) => String(each) === asked)
  if (tier === undefined) throw new Error(usage)
  return tier
}

/** Tier 2 unless another is asked for, or what it needs cannot be had here, which is said. */
async function chosenTier(): Promise<Tier> {
  const asked = askedTier()
  if (asked === 1 || asked === 3) return asked
  try {
    await ensureClusterPrograms((line) => console.log(line))
    return 2
  } catch (error) {
    if (asked === 2) throw error
    console.log(
      `${error instanceof Error ? error.message : String(error)}\nStarting tier 1, without a Kubernetes cluster.`,
    )
    return 1
  }
}

async function stayInForeground(): Promise<undefined> {
  if ((await askLab(controlSocket, { verb: 'status' })) !== undefined) {
    throw new Error('a lab is already running: see "npm run lab -- status"')
  }
  const lab = await startLab({ tier: await chosenTier(), runFolder, log: (line) => console.log(line) })
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= lab.stop().then(() => {
      control.close()
      // After the answer to "stop" has left.
      setTimeout(() => process.exit(0), 50)
    })
    return stopping
  }
  const control = openControl(lab, stop)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop())
  show(lab.status())
  console.log('  stop with Ctrl-C, or with "npm run lab -- stop"')
}

async function detach(): Promise<number> {
  const folder = path.dirname(runFolder)
  mkdirSync(folder, { recursive: true })
  const logFile = path.join(folder, 'default.log')
  const log = openSync(logFile, 'w')
  const child = spawn(
    process.execPath,
    [import.meta.filename, 'start', ...rest.filter((word) => word !== '--detach')],
    {
      detached: true,
      stdio: ['ignore', log, log],
    },
  )
  closeSync(log)
  let ended = false
  child.on('exit', () => {
    ended = true
  })
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    const answer = await askLab(controlSocket, { verb: 'status' }).catch(() => undefined)
    if (ended) throw new Error(`the lab did not start:\n${readFileSync(logFile, 'utf8').trim()}`)
    if (answer === undefined) continue
    child.unref()
    return show(answer.value)
  }
}
