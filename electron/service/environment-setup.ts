import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join, resolve } from 'node:path'
import type { EnvironmentParts } from '../core/environment-handlers.ts'
import { environmentWriter } from './environment-writer.ts'

/**
 * What this machine gives for setting up environments: its kubeconfigs, the folder to write in, the shipped rights.
 * @param kubeconfigs those that kubectl would look at.
 */
export function environmentSetup(
  home: string,
  packageFolder: string,
  kubeconfigs: readonly string[],
): Pick<EnvironmentParts, 'machine' | 'writer' | 'shippedRights'> {
  const variables = process.env
  const host = variables['KUBERNETES_SERVICE_HOST'] ?? ''
  const port = variables['KUBERNETES_SERVICE_PORT'] ?? '443'
  return {
    machine: {
      files: kubeconfigs.map((path) => resolve(path)),
      podServer: host === '' ? null : `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      absolute: (path, from = '.') => resolve(from, path),
      digest: (text) => createHash('sha256').update(text).digest('hex'),
    },
    writer: environmentWriter(home, join(packageFolder, 'docs', 'formats', 'environment.schema.json')),
    shippedRights: (file) => readFile(join(packageFolder, 'docs', 'rights', file), 'utf8'),
  }
}
