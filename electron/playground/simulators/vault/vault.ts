import { randomUUID } from 'node:crypto'
import { type Answer, answerTo, isLogin, logIn, needsSudo, type Operation } from './answers.ts'
import type { Asker, AuditedRequest, AuditedResponse, AuditLog } from './audit.ts'
import { mountOf, vaultVersion } from './mounts.ts'
import { capabilitiesOn } from './policies.ts'
import { badToken, denied, nobody, notPermitted, VaultRefusal } from './refusal.ts'
import type { VaultState } from './state.ts'
import type { Token } from './tokens.ts'

export interface VaultRequest {
  readonly operation: Operation
  /** Below `/v1/`, decoded. */
  readonly path: string
  readonly token: string | null
  readonly body: Readonly<Record<string, unknown>> | null
  readonly from: { readonly address: string; readonly port: number }
  /** As it was asked by HTTP; only of lists. */
  readonly uri?: string
  readonly leaseSeconds?: number
}

export interface VaultReply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>> | null
}

/** Answers one request as Vault does: seal, quota, token, policy, then the path itself; both halves go into the audit log. */
export async function handle(state: VaultState, audit: AuditLog, request: VaultRequest): Promise<VaultReply> {
  if (request.path === 'sys/health') return health(state)
  if (request.path === 'sys/seal-status') return { status: 200, body: sealStatus(state) }
  if (state.isSealed) return { status: 503, body: { errors: ['Vault is sealed'] } }
  if (state.isLimited) {
    return { status: 429, body: { errors: [`request path "${request.path}": rate limit quota exceeded`] } }
  }
  const path = request.operation === 'list' ? `${request.path.replace(/\/+$/, '')}/` : request.path
  const audited: AuditedRequest = {
    id: randomUUID(),
    operation: request.operation,
    path,
    body: request.body,
    sentToken: request.token,
    from: request.from,
    mount: mountOf(state.mounts, path),
    uri: request.uri ?? null,
  }
  const asked = {
    state,
    operation: request.operation,
    path,
    body: request.body ?? {},
    leaseSeconds: request.leaseSeconds ?? null,
  }
  let asker: Asker = { kind: 'nobody' }
  try {
    if (request.operation === 'update' && isLogin(path)) {
      if (audited.mount === null) throw turnedAway(nobody())
      asker = { kind: 'login' }
      audit.request(audited, asker, null)
      return told(await signIn(path), audited)
    }
    const token = authenticated()
    asker = authorised(token)
    audit.request(audited, asker, null)
    return told(await answerTo(asked, token), audited)
  } catch (error) {
    if (!(error instanceof VaultRefusal)) throw error
    const words = error.words.length === 0 ? null : { data: { error: error.words.join('; ') } }
    audit.response(audited, asker, words ?? {}, error.audited)
    return { status: error.status, body: { errors: error.words } }
  }

  /** The request is audited with the refusal, too: nothing was asked of the path. */
  function turnedAway(refusal: VaultRefusal): VaultRefusal {
    audit.request(audited, asker, refusal.words[0] ?? null)
    return refusal
  }

  function authenticated(): Token {
    if (request.token === null || request.token === '') throw turnedAway(nobody())
    const token = state.tokens.find(request.token)
    if (token === null) throw turnedAway(badToken())
    return token
  }

  function authorised(token: Token): Asker {
    const rules = state.rulesOf(token.policies)
    const held = capabilitiesOn(rules, path)
    const isAllowed = held.has(request.operation) && (!needsSudo(request.operation, path) || held.has('sudo'))
    const grantedBy = isAllowed
      ? (rules.find((rule) => capabilitiesOn([rule], path).has(request.operation))?.policy ?? null)
      : null
    asker = { kind: 'token', token, isAllowed, grantedBy }
    if (!isAllowed) {
      audit.request(audited, asker, denied)
      throw notPermitted()
    }
    return asker
  }

  async function signIn(login: string): Promise<Answer> {
    const signedIn = logIn({ ...asked, path: login })
    const { mount } = audited
    if (signedIn === null || mount === null) throw nobody()
    const { id } = state.entityOf(mount, signedIn.alias)
    return { kind: 'auth', token: state.tokens.issue({ ...signedIn.order, entityId: id }) }
  }

  function told(answer: Answer, of: AuditedRequest): VaultReply {
    audit.response(of, asker, auditedAnswer(answer), null)
    return replyOf(answer, of, state)
  }
}

function auditedAnswer(answer: Answer): AuditedResponse | null {
  switch (answer.kind) {
    case 'data':
      return { data: answer.data }
    case 'auth':
      return { auth: answer.token }
    case 'lease':
      return { leaseId: answer.lease.id, ...(answer.data === null ? {} : { data: answer.data }) }
    case 'nothing':
      return null
  }
}

function replyOf(answer: Answer, { id, mount }: AuditedRequest, state: VaultState): VaultReply {
  if (answer.kind === 'nothing') return { status: 204, body: null }
  const lease = answer.kind === 'lease' ? answer.lease : null
  const fields = answer.kind === 'auth' ? null : answer.data
  return {
    status: 200,
    body: {
      ...(answer.kind === 'data' && answer.isRepeated === true ? answer.data : {}),
      request_id: id,
      lease_id: lease?.id ?? '',
      renewable: lease?.renewable ?? false,
      lease_duration: lease === null ? 0 : Math.round((lease.expiresAt - state.world.clock.now()) / 1000),
      data: fields,
      wrap_info: null,
      warnings: null,
      auth: answer.kind === 'auth' ? authOf(answer.token, state) : null,
      mount_type: mount?.type ?? '',
    },
  }
}

function authOf(token: Token, state: VaultState) {
  return {
    client_token: token.sent,
    accessor: token.accessor,
    policies: token.policies,
    token_policies: token.policies,
    metadata: token.metadata,
    lease_duration: Math.round((token.expiresAt - state.world.clock.now()) / 1000),
    renewable: true,
    entity_id: token.entityId,
    token_type: 'service',
    orphan: token.isOrphan,
    mfa_requirement: null,
    num_uses: 0,
  }
}

function health({ isSealed, world, clusterId }: VaultState): VaultReply {
  const cluster = isSealed ? {} : { cluster_name: 'pipeline', cluster_id: clusterId }
  return {
    status: isSealed ? 503 : 200,
    body: {
      initialized: true,
      sealed: isSealed,
      // A sealed Vault calls itself a standby.
      standby: isSealed,
      performance_standby: false,
      replication_performance_mode: isSealed ? 'unknown' : 'disabled',
      replication_dr_mode: isSealed ? 'unknown' : 'disabled',
      server_time_utc: Math.floor(world.clock.now() / 1000),
      version: vaultVersion,
      enterprise: false,
      ...cluster,
      echo_duration_ms: 0,
      clock_skew_ms: 0,
      replication_primary_canary_age_ms: 0,
    },
  }
}

function sealStatus({ isSealed, clusterId }: VaultState): Readonly<Record<string, unknown>> {
  return {
    type: 'shamir',
    initialized: true,
    sealed: isSealed,
    t: 1,
    n: 1,
    progress: 0,
    nonce: '',
    version: vaultVersion,
    migration: false,
    ...(isSealed ? {} : { cluster_name: 'pipeline', cluster_id: clusterId }),
    recovery_seal: false,
    storage_type: 'inmem',
  }
}
