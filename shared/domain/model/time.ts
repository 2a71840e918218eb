/** Milliseconds since 1970-01-01T00:00:00Z. The domain has no clock: every "now" is an argument of this type. */
export type EpochMs = number

/** Milliseconds. */
export type DurationMs = number
