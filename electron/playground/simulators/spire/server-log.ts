import { randomUUID } from 'node:crypto'
import type { Entry, LineLog, Root, Svid, World } from '../../parts.ts'
import { spireVersion } from './methods.ts'

/** One call as the audit log has it. */
export interface AuditedCall {
  /** `entry.v1.Entry` */
  readonly service: string
  readonly method: string
  readonly requestId: string
  readonly callerAddress: string
  readonly callerId: string | null
}

/** The server's log in the format `json`, with `audit_log_enabled`; keys in the order of their names, as logrus writes them. */
export interface ServerLog {
  started(address: string): void
  succeeded(call: AuditedCall, about?: Readonly<Record<string, unknown>>): void
  failed(call: AuditedCall, code: number, words: string): void
  denied(call: AuditedCall, words: string): void
  authorities(roots: readonly Root[]): void
  signed(agentId: string, entry: Entry, svid: Svid): void
}

export function createServerLog(world: World, log: LineLog): ServerLog {
  const known = new Map<string, Root['status']>()

  function write(level: string, msg: string, fields: Readonly<Record<string, unknown>>): void {
    log.append(jsonLine(world.clock.now(), { ...fields, level, msg }))
  }

  function callerOf({ callerAddress, callerId, method, requestId, service }: AuditedCall) {
    return {
      caller_addr: callerAddress,
      ...(callerId === null ? {} : { caller_id: callerId }),
      method,
      request_id: requestId,
      service,
      subsystem_name: 'api',
    }
  }

  return {
    started(address) {
      write('info', 'Configured', { admin_ids: null, launch_log_level: 'info', version: spireVersion })
      write('info', 'Starting Server APIs', { address, network: 'tcp', subsystem_name: 'endpoints' })
    },
    // The reader's rule allows by itself, and names no role: SPIRE then says nobody.
    succeeded: (call, about = {}) =>
      write('info', 'API accessed', {
        authorized_as: 'nobody',
        authorized_via: '',
        ...callerOf(call),
        ...about,
        status: 'success',
        type: 'audit',
      }),
    failed: (call, code, words) =>
      write('info', 'API accessed', {
        authorized_as: 'nobody',
        authorized_via: '',
        ...callerOf(call),
        status: 'error',
        status_code: code,
        status_message: words,
        type: 'audit',
      }),
    // Who may not call is not audited.
    denied: (call, words) =>
      write('error', 'Failed to authenticate caller', {
        ...callerOf(call),
        error: `rpc error: code = PermissionDenied desc = ${words}`,
      }),
    authorities(roots) {
      for (const { id, status, notAfter } of roots) {
        const before = known.get(id)
        if (before === status) continue
        known.set(id, status)
        const verb = verbs[status]
        if (verb === null) continue
        write('info', `X509 CA ${verb}`, {
          expiration: new Date(notAfter).toISOString(),
          local_authority_id: id,
          self_signed: true,
          subsystem_name: 'ca_manager',
          upstream_authority_id: '',
        })
      }
    },
    signed(agentId, entry, svid) {
      write('info', 'API accessed', {
        authorized_as: 'agent',
        authorized_via: 'datastore',
        caller_id: agentId,
        entry_id: entry.id,
        expires_at: Math.floor(svid.notAfter / 1000),
        method: 'BatchNewX509SVID',
        request_id: randomUUID(),
        service: 'svid.v1.SVID',
        spiffe_id: entry.spiffeId,
        status: 'success',
        subsystem_name: 'api',
        type: 'audit',
      })
    },
  }
}

const verbs: Readonly<Record<Root['status'], string | null>> = {
  prepared: 'prepared',
  active: 'activated',
  old: null,
  tainted: 'tainted',
}

/** What an agent says of the SVIDs that it gets for workloads. */
export function agentLine(at: number, entry: Entry, isFirst: boolean): string {
  return jsonLine(at, {
    entry_id: entry.id,
    level: 'info',
    msg: isFirst ? 'Creating X509-SVID' : 'Renewing X509-SVID',
    spiffe_id: entry.spiffeId,
    subsystem_name: 'manager',
  })
}

export function jsonLine(at: number, fields: Readonly<Record<string, unknown>>): string {
  const all: Readonly<Record<string, unknown>> = { ...fields, time: new Date(at).toISOString() }
  return JSON.stringify(
    Object.fromEntries(
      Object.keys(all)
        .toSorted()
        .map((key) => [key, all[key]]),
    ),
  )
}
