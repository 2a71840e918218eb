/** Packages that shared/ may use: no IO, no clock, no globals touched at import. */
export const purePackages: readonly string[] = ['zod', 'yaml']
/** The contract may also use oRPC's contract builder, which only describes. */
export const contractPackages: readonly string[] = ['zod', '@orpc/contract']
