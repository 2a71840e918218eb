import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'

/**
 * Messages of the SPIRE server API, encoded by field number (spire-api-sdk 1.15, folder proto). Written apart from what the
 * connector reads with, so that a wrong number there is found here. Values that are proto3 defaults are left out, as SPIRE does.
 */

export interface WireEntry {
  readonly id: string
  readonly spiffeId: string
  readonly parentId: string
  readonly selectors: readonly { readonly type: string; readonly value: string }[]
  readonly x509SvidTtlSeconds: number
  readonly revision: number
  /** Seconds since 1970. */
  readonly createdAt: number
}

export interface WireAgent {
  readonly spiffeId: string
  readonly attestationType: string
  /** Decimal, as SPIRE writes serial numbers. */
  readonly serial: string
  readonly expiresAt: number
  readonly banned: boolean
  readonly version: string
}

export interface WireBundle {
  readonly trustDomain: string
  readonly x509: readonly { readonly der: Uint8Array; readonly tainted: boolean }[]
  readonly jwt: readonly { readonly publicKey: Uint8Array; readonly keyId: string; readonly expiresAt: number }[]
  readonly sequenceNumber: number
}

export interface WireAuthority {
  readonly id: string
  readonly expiresAt: number
}

type Field = (writer: BinaryWriter) => void

export function message(...fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter()
  for (const write of fields) write(writer)
  return writer.finish()
}

export function text(number: number, value: string): Field {
  return (writer) => void (value === '' || writer.tag(number, 2).string(value))
}

export function bytes(number: number, value: Uint8Array): Field {
  return (writer) => void writer.tag(number, 2).bytes(value)
}

export function int(number: number, value: number): Field {
  return (writer) => void (value === 0 || writer.tag(number, 0).int64(value))
}

function flag(number: number, value: boolean): Field {
  return (writer) => void (value && writer.tag(number, 0).bool(value))
}

export function each<Item>(number: number, items: readonly Item[], encode: (item: Item) => Uint8Array): Field {
  return (writer) => {
    for (const item of items) bytes(number, encode(item))(writer)
  }
}

/** `SPIFFEID { trust_domain = 1, path = 2 }` */
function spiffeId(uri: string): Uint8Array {
  const { host, pathname } = new URL(uri)
  return message(text(1, host), text(2, pathname))
}

export function encodeEntry(entry: WireEntry): Uint8Array {
  return message(
    text(1, entry.id),
    bytes(2, spiffeId(entry.spiffeId)),
    bytes(3, spiffeId(entry.parentId)),
    each(4, entry.selectors, ({ type, value }) => message(text(1, type), text(2, value))),
    int(5, entry.x509SvidTtlSeconds),
    int(11, entry.revision),
    int(15, entry.createdAt),
  )
}

/** All fields but the id only where the mask names them; null: no mask, everything. */
export function encodeAgent(agent: WireAgent, mask: ReadonlySet<number> | null): Uint8Array {
  const wanted = (number: number, field: Field): Field => (mask === null || mask.has(number) ? field : () => {})
  return message(
    bytes(1, spiffeId(agent.spiffeId)),
    wanted(2, text(2, agent.attestationType)),
    wanted(3, text(3, agent.serial)),
    wanted(4, int(4, agent.expiresAt)),
    wanted(6, flag(6, agent.banned)),
    wanted(7, flag(7, true)),
    wanted(8, text(8, agent.version)),
  )
}

export function encodeBundle(bundle: WireBundle): Uint8Array {
  return message(
    text(1, bundle.trustDomain),
    each(2, bundle.x509, ({ der, tainted }) => message(bytes(1, der), flag(2, tainted))),
    each(3, bundle.jwt, ({ publicKey, keyId, expiresAt }) =>
      message(bytes(1, publicKey), text(2, keyId), int(3, expiresAt)),
    ),
    int(5, bundle.sequenceNumber),
  )
}

/** `AuthorityState` in `active` (1), `prepared` (2), `old` (3). */
export function encodeAuthorities(
  states: Readonly<Record<'active' | 'prepared' | 'old', WireAuthority | null>>,
): Uint8Array {
  const slot = (number: number, authority: WireAuthority | null): Field =>
    authority === null ? () => {} : bytes(number, message(text(1, authority.id), int(2, authority.expiresAt)))
  return message(slot(1, states.active), slot(2, states.prepared), slot(3, states.old))
}

/** The fields of a request by number; the last value of each. Throws on bytes that are no message. */
export function readFields(request: Uint8Array): ReadonlyMap<number, number | Uint8Array> {
  const reader = new BinaryReader(request)
  const found = new Map<number, number | Uint8Array>()
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (type === 0) found.set(number, Number(reader.int64()))
    else if (type === 2) found.set(number, reader.bytes())
    else reader.skip(type, number)
  }
  return found
}
