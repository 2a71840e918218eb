import { readdir, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { EnvironmentFolder } from '../core/environments.ts'

interface Machine {
  readonly platform: NodeJS.Platform
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly userFolder: string
}

export function thisMachine(): Machine {
  return { platform: process.platform, variables: process.env, userFolder: homedir() }
}

/** The folder of environments and settings: EVERYHOP_HOME, or `everyhop` where this system keeps configuration. */
export function homeFolder(machine: Machine): string {
  const { platform, variables, userFolder } = machine
  const chosen = variables['EVERYHOP_HOME']
  if (chosen !== undefined && chosen !== '') return resolve(chosen)
  if (platform === 'darwin') return join(userFolder, 'Library', 'Application Support', 'everyhop')
  if (platform === 'win32') return join(variables['APPDATA'] ?? join(userFolder, 'AppData', 'Roaming'), 'everyhop')
  const xdg = variables['XDG_CONFIG_HOME']
  // The XDG specification: a relative path is to be ignored.
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(userFolder, '.config'), 'everyhop')
}

export function environmentFolder(home: string): EnvironmentFolder {
  const path = join(home, 'environments')
  return {
    path,
    async list() {
      const names = await readdir(path).catch((reason: unknown) => {
        if (reason instanceof Error && 'code' in reason && reason.code === 'ENOENT') return []
        throw reason
      })
      return Promise.all(
        [...names].sort().map(async (name) => {
          const link = join(path, name)
          const file = await realpath(link).catch(() => link) // a link that leads nowhere is shown as what it is
          return { name, path: file, directory: dirname(file) }
        }),
      )
    },
    resolve: (directory, file) => resolve(directory, file),
  }
}
