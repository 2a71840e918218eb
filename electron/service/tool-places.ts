import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../../shared/contract/settings.ts'
import type { ConfiguredTool, ToolPlaces } from '../tools/find-tool.ts'
import { packagedPlaces } from '../tools/packaged-tools.ts'

/**
 * Where opa and regal are looked for on this machine. `EVERYHOP_OPA` and `EVERYHOP_REGAL` come before the settings: whoever
 * starts a program with a variable means this one start.
 */
export function toolPlaces(
  variables: Readonly<Record<string, string | undefined>>,
  settings: Pick<Settings, 'opaPath' | 'regalPath'>,
  root: string,
): ToolPlaces {
  const cache = variables['EVERYHOP_CACHE'] ?? ''
  return {
    configured: {
      opa: chosen('EVERYHOP_OPA', variables, settings.opaPath),
      regal: chosen('EVERYHOP_REGAL', variables, settings.regalPath),
    },
    path: variables['PATH'] ?? '',
    packaged: packagedPlaces(root),
    built: join(cache === '' ? join(homedir(), '.cache', 'everyhop') : cache, 'bin'),
  }
}

function chosen(
  variable: string,
  variables: Readonly<Record<string, string | undefined>>,
  setting: string | null,
): readonly ConfiguredTool[] {
  const value = variables[variable] ?? ''
  return [
    ...(value === '' ? [] : [{ path: value, by: `the variable ${variable}` }]),
    ...(setting === null ? [] : [{ path: setting, by: 'the settings' }]),
  ]
}
