/** Engines that keep or compute, and never give leases. */
const withoutLeases: ReadonlySet<string> = new Set([
  'kv',
  'generic',
  'cubbyhole',
  'identity',
  'system',
  'transit',
  'transform',
  'totp',
  'keymgmt',
  'kmip',
  'ns_cubbyhole',
  'ns_identity',
  'ns_system',
])

/** Whether an engine of this type may give leases: one that is not known here may. */
export function mayGiveLeases(type: string): boolean {
  return !withoutLeases.has(type)
}
