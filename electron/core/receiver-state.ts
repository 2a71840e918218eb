export interface ReceiverState {
  /** Uploads that are on the disk and were answered with 200. */
  readonly received: number
  /** Uploads that cannot be kept as they are. */
  readonly refused: number
  readonly unauthenticated: number
  /** Senders that were asked to come again. */
  readonly postponed: number
  readonly forward: ForwardState | null
}

export interface ForwardState {
  /** Host of the service. */
  readonly to: string
  readonly sent: number
  /** Uploads that the service said it cannot take as they are, since this started. */
  readonly refused: number
  /** They are kept in the folder `refused` until it takes them. Bytes. */
  readonly refusedBytes: number
  /** What it answered to the latest of them; null: none was refused. */
  readonly refusal: string | null
  readonly waitingBytes: number
  /** Why the oldest does not get through; null while it does. */
  readonly problem: string | null
}
