/** An engine of a Vault that may give leases, and what listing them costs: known before it is turned on, as far as it can be. */
export interface TestedLeaseMount {
  /** With the slash at its end: `database/`. */
  readonly mount: string
  readonly type: string
  /** Whether `listLeasesOf` names it. */
  readonly listed: boolean
  /** Of the leases that the audit log tells of and that have not ended; null: no audit log tells of this Vault. */
  readonly estimate: {
    readonly leases: number
    /** A question for each folder of them. */
    readonly requests: number
  } | null
  /** What a walk cost that was just made; null: it is off, or the first question failed. */
  readonly walk: {
    readonly leases: number
    readonly requests: number
    readonly tookMs: number
    /** False: there are more, or it failed on its way. */
    readonly complete: boolean
  } | null
}
