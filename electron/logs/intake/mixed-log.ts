import type { FollowedRecord } from '../../core/ports.ts'
import { isAccessText } from './access-text.ts'
import { isObject, jsonObject } from './record-parser.ts'

/**
 * In the log of a container records stand among the program's own lines. Says whether a line that could not be understood as a
 * record was meant as one: only then is it refused and counted.
 */
export function isMeantAs(record: FollowedRecord, line: string): boolean {
  if (record === 'envoy-access' && isAccessText(line)) return true
  if (!line.trimStart().startsWith('{')) return false
  switch (record) {
    case 'envoy-access':
      return !isProgramLine(line)
    case 'opa-decisions':
      return line.includes('"decision_id"')
    case 'integrity-events':
      return /"(stage-signature|user-identity)"/.test(line)
    case 'vault-audit':
      return /"type"\s*:\s*"(request|response)"/.test(line) && line.includes('"request"')
    case 'kubernetes-audit':
      return line.includes('"auditID"')
    case 'spire-audit':
      return /"type"\s*:\s*"audit"/.test(line)
  }
}

const programKeys = /"(level|severity|lvl|logger)"\s*:/

/**
 * Envoy's own log, or that of a wrapper around it, written as JSON: it has a time too, and would pass for the line of a
 * connection of which nothing is known.
 */
export function isProgramLine(line: string): boolean {
  if (!programKeys.test(line)) return false
  const object = jsonObject(line)
  if (!isObject(object)) return false
  const keys = Object.keys(object).map((key) => key.toLowerCase())
  return keys.some((key) => ['msg', 'message', 'logger'].includes(key)) && !keys.includes('response_code')
}
