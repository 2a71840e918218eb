import type { RecordKind, StoredRecord } from '../../../core/log-store.ts'

/** How a value lies in a column: `list` is JSON text of an array of strings, `object` of an object. */
export type ColumnType = 'text' | 'integer' | 'list' | 'object'

type Base = 'record' | 'source' | 'at' | 'receivedAt' | 'locator' | 'requestId' | 'traceId' | 'decisionId'
type Own<Kind extends RecordKind> = Exclude<keyof Extract<StoredRecord, { readonly record: Kind }>, Base>

/** The own columns of each kind, named as in the record. A new one here is a new version of the schema. */
export const ownColumns: { readonly [Kind in RecordKind]: Readonly<Record<Own<Kind>, ColumnType>> } = {
  'opa-decisions': {
    opaInstanceId: 'text',
    callerSpiffeId: 'text',
    calleeSpiffeId: 'text',
    outcome: 'text',
    reasons: 'list',
    path: 'text',
    revision: 'text',
    evaluationNs: 'integer',
  },
  'envoy-access': {
    direction: 'text',
    method: 'text',
    path: 'text',
    status: 'integer',
    details: 'text',
    flags: 'list',
    authorisation: 'text',
    callerSpiffeId: 'text',
    calleeSpiffeId: 'text',
    callerAddress: 'text',
    calleeAddress: 'text',
    upstreamCluster: 'text',
    upstreamHost: 'text',
    failure: 'text',
  },
  'integrity-events': { stage: 'text', callerStage: 'text', type: 'text', outcome: 'text', reason: 'text' },
  'spire-audit': {
    callerSpiffeId: 'text',
    callerAddress: 'text',
    authorisedAs: 'text',
    authorisedVia: 'text',
    service: 'text',
    method: 'text',
    status: 'text',
    subjectSpiffeId: 'text',
    detail: 'text',
  },
  'kubernetes-audit': {
    auditId: 'text',
    stage: 'text',
    verb: 'text',
    user: 'text',
    userAgent: 'text',
    sourceAddress: 'text',
    apiGroup: 'text',
    resource: 'text',
    subresource: 'text',
    namespace: 'text',
    name: 'text',
    path: 'text',
    status: 'integer',
    authorisation: 'text',
    reason: 'text',
    admission: 'object',
    images: 'list',
  },
  'vault-audit': {
    type: 'text',
    operation: 'text',
    path: 'text',
    namespace: 'text',
    mount: 'text',
    mountType: 'text',
    displayName: 'text',
    subject: 'text',
    entityId: 'text',
    role: 'text',
    remoteAddress: 'text',
    outcome: 'text',
    error: 'text',
    leaseId: 'text',
  },
}

/** Ids are compared as 128-bit numbers where they are written as UUIDs (a trace id: as 32 hex digits), else as text. */
export const idColumns = ['request', 'trace', 'decision'] as const
export type IdColumn = (typeof idColumns)[number]

export const hopColumns = {
  side: 'text',
  callerSpiffeId: 'text',
  callerAddress: 'text',
  calleeSpiffeId: 'text',
  calleeAddress: 'text',
  cluster: 'text',
  isRequest: 'integer',
  requestId: 'text',
  method: 'text',
  path: 'text',
  status: 'integer',
  details: 'text',
  decisionId: 'text',
  authorisation: 'text',
  use: 'text',
  tlsVersion: 'text',
  cipher: 'text',
  peerSerial: 'text',
  peerNotAfter: 'integer',
  handshakeFailure: 'text',
  upstreamFailed: 'integer',
} as const satisfies Readonly<Record<string, ColumnType>>

const sqlTypes: Readonly<Record<ColumnType, string>> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  list: 'VARCHAR',
  object: 'VARCHAR',
}

/** Rows of one segment or import are deleted together. Of what was imported `item` is the number in its file; it has no frame. */
const placeColumns = 'moment BIGINT NOT NULL, receivedAt BIGINT NOT NULL, source VARCHAR NOT NULL'
const locatorColumns = 'segment INTEGER, import INTEGER, frame BIGINT, item INTEGER, identity UUID'
const ids = idColumns.map((id) => `${id}Uuid UUID, ${id}Text VARCHAR`).join(', ')

function columnsSql(columns: Readonly<Record<string, ColumnType>>): string {
  return Object.entries(columns)
    .map(([name, type]) => `"${name}" ${sqlTypes[type]}`)
    .join(', ')
}

/** Another schema is another file name: an older store's columns are made again from its segments. */
export const schemaVersion = 4

export const schemaSql: readonly string[] = [
  ...Object.entries(ownColumns).map(
    ([kind, own]) =>
      `CREATE TABLE IF NOT EXISTS "${kind}" (${placeColumns}, ${locatorColumns}, ${ids}, ${columnsSql(own)})`,
  ),
  `CREATE TABLE IF NOT EXISTS hops (moment BIGINT NOT NULL, source VARCHAR NOT NULL, segment INTEGER, import INTEGER, ${columnsSql(hopColumns)})`,
  'CREATE TABLE IF NOT EXISTS progress (segment INTEGER NOT NULL, frame BIGINT NOT NULL)',
  // `segment` and `frame`: up to where uploads had become rows when it was imported, which is its place among them.
  `CREATE TABLE IF NOT EXISTS imports (import INTEGER NOT NULL, file VARCHAR NOT NULL, record VARCHAR NOT NULL, receivedAt BIGINT NOT NULL,
    form VARCHAR NOT NULL, bytes BIGINT NOT NULL, changedAt DOUBLE NOT NULL, segment INTEGER NOT NULL, frame BIGINT NOT NULL)`,
  'CREATE TABLE IF NOT EXISTS segments (segment INTEGER NOT NULL, receivedAt BIGINT NOT NULL)',
  'CREATE TABLE IF NOT EXISTS intake (record VARCHAR NOT NULL, source VARCHAR NOT NULL, counts VARCHAR NOT NULL)',
]
