import { z } from 'zod'
import type { Shell } from './shell.ts'

/** The shell port's messages, between main and service alone: questions with a number, answers with the same, and news. */

export const shellQuestion = z.discriminatedUnion('ask', [
  z.object({ id: z.int(), ask: z.literal('keyring') }),
  z.object({ id: z.int(), ask: z.literal('seal'), plain: z.string() }),
  z.object({ id: z.int(), ask: z.literal('unseal'), sealed: z.string() }),
  z.object({ id: z.int(), ask: z.literal('chooseFile'), title: z.string(), extensions: z.array(z.string()) }),
])
export type ShellQuestion = z.infer<typeof shellQuestion>
export type ShellAsk = ShellQuestion['ask']

/** What each question is answered with. */
export const shellValues = {
  keyring: z.object({ available: z.boolean(), name: z.string().nullable(), problem: z.string().nullable() }),
  seal: z.string(),
  unseal: z.string(),
  chooseFile: z.string().nullable(),
} as const satisfies Record<ShellAsk, z.ZodType>

export const shellAnswer = z.union([
  z.object({
    id: z.int(),
    refusal: z.object({ reason: z.enum(['unavailable', 'refused', 'cancelled']), message: z.string() }),
  }),
  z.object({ id: z.int(), value: z.unknown() }),
  z.object({ power: z.enum(['suspend', 'resume']) }),
])
export type ShellAnswer = z.infer<typeof shellAnswer>

/** Asks the shell what the question asks. */
export async function askShell(shell: Shell, question: ShellQuestion): Promise<unknown> {
  switch (question.ask) {
    case 'keyring':
      return shell.keyring()
    case 'seal':
      return shell.seal(question.plain)
    case 'unseal':
      return shell.unseal(question.sealed)
    case 'chooseFile':
      return shell.chooseFile(question)
  }
}
