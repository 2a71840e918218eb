import { agentBanned, agentNotAttested, agentNotInSync, socketNotMounted } from './agents.ts'
import { entryMissing, entryOfAnotherAgent, entrySelectorsMismatch } from './entries.ts'
import {
  classWithoutManager,
  namespaceExcluded,
  noClusterSpiffeId,
  selectorMismatch,
  templateFails,
} from './objects.ts'
import type { IdentityRule } from './rule.ts'

/** From what declares an identity to what delivers it: of rules whose evidence weighs the same, the first wins. */
export const identityRules: readonly IdentityRule[] = [
  templateFails,
  namespaceExcluded,
  classWithoutManager,
  selectorMismatch,
  noClusterSpiffeId,
  entryMissing,
  entrySelectorsMismatch,
  entryOfAnotherAgent,
  socketNotMounted,
  agentBanned,
  agentNotAttested,
  agentNotInSync,
]
