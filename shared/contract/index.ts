import { changes } from './changes.ts'
import { diagnosis } from './diagnosis.ts'
import { environments } from './environments.ts'
import { evidence } from './evidence.ts'
import { graph } from './graph.ts'
import { history } from './history.ts'
import { live } from './live.ts'
import { logs } from './logs.ts'
import { playground } from './playground.ts'
import { policy } from './policy.ts'
import { secrets } from './secrets.ts'
import { settings } from './settings.ts'
import { shell } from './shell.ts'
import { system } from './system.ts'

/** Everything the window, the command line or another process may ask. Names exist here and nowhere else. */
export const contract = {
  system,
  environments,
  graph,
  history,
  evidence,
  live,
  logs,
  diagnosis,
  secrets,
  settings,
  shell,
  changes,
  policy,
  playground,
}
export type Contract = typeof contract
