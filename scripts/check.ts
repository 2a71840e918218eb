import { closingLines, runStaticChecks, runVitest } from './suites.ts'

/** `npm run check`: types, lint, format, architecture and unit tests. Under a minute, no servers. */
const results = [await runStaticChecks(), await runVitest('unit and architecture', 'unit')]
const failed = results.reduce((sum, result) => sum + result.failed, 0)
for (const line of closingLines(results)) console.log(line)
console.log(results.map((result) => `${result.name}: ${result.seconds} s`).join(', '))
process.exitCode = failed === 0 ? 0 : 1
