import type { NotKept } from '../contract/system.ts'

/** What is lost when a window has no memory, why, and what to do. */
export function notKeptSentence({ reason, advice }: NotKept): string {
  return `Nothing is kept by this window: its log records, its last known graphs and its drafts of policies are gone when it closes, and it cannot publish. ${reason} ${advice}`
}
