import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Five kinds of test, told apart by their place: unit (fast, no servers of others), conformance (one suite for every
 * implementation, on simulators), lab, lab-alone and lab-halves (the real servers), e2e (a real browser on the lab), desktop (a
 * real Electron on it).
 * `npm test` and `npm run check` run a file that failed once more, alone: see scripts/suites.ts.
 */

/** They stand beside what they test, but start processes, or wait for seconds on sockets: with the simulators, not with the units. */
const withProcesses = [
  'electron/cli/secret.test.ts',
  'electron/connectors/kubernetes/{observe,pod-log}.test.ts',
  'electron/connectors/spire/{spire,workload-api}.test.ts',
  'electron/core/environments.test.ts',
  'electron/evidence/young-generation.test.ts',
  'electron/playground/index.test.ts',
  'electron/playground/pipeline/{main,pipeline}.test.ts',
  'electron/playground/sidecar/{handshakes,requests}.test.ts',
  'electron/playground/simulators/**/*.test.ts',
  'electron/platform/{state-file,state-facts}.test.ts',
  'electron/service/{playground,shared-service}.test.ts',
  'electron/tools/download-tool.test.ts',
]

/**
 * These compare what is shown with what is so within windows of seconds, of a whole lab or of a playground in their own process:
 * beside another one each is behind what happens.
 */
const oneAtATime = [
  'test/truth/graph-truth.lab.test.ts',
  'test/playground/faults-with-load.lab.test.ts',
  'test/conformance/cluster.lab.test.ts',
]

/** So do these, but each takes a third of a core: beside each other, and beside nothing else, they keep up. */
const twoAtATime = ['test/playground/faults-{one,other}-half.lab.test.ts']

/** Waiting dominates, also on a machine with two cores, where Vitest would run one file at a time. */
const workers = Math.max(2, availableParallelism() - 1)

/** What takes minutes begins first, so that nothing long is left alone at the end; a fresh clone has no times to sort by. */
const longest = [
  'test/conformance/kubernetes.lab.test.ts',
  'test/conformance/kubernetes.test.ts',
  'test/evidence/evidence.lab.test.ts',
  'test/conformance/vault-transit-cluster.lab.test.ts',
  'test/conformance/policy-faults.lab.test.ts',
  'test/truth/vault-truth.lab.test.ts',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((file) => moduleId.endsWith(`/${file}`))
      return at === -1 ? longest.length : at
    }
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'shared/**/*.test.ts',
            'electron/**/*.test.ts',
            'renderer/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/architecture/*.test.ts',
            'test/builders/*.test.ts',
          ],
          exclude: ['**/*.lab.test.ts', '**/node_modules/**', ...withProcesses],
          environment: 'node',
          maxWorkers: workers,
          // Modules are loaded once, not once a file: more than half of the time. What a test changes it puts back.
          isolate: false,
          // A busy machine is no failure; a test that hangs is.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/*.test.ts', ...withProcesses],
          exclude: ['**/*.lab.test.ts'],
          environment: 'node',
          maxWorkers: workers,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts', '{test,electron}/**/*.lab.test.ts'],
          exclude: ['**/node_modules/**', ...oneAtATime, ...twoAtATime],
          environment: 'node',
          // Two labs at a time: each waits more than it works, and takes little more than half a core.
          maxWorkers: 2,
          // By itself, also where the others have more workers.
          sequence: { groupOrder: 1 },
          testTimeout: 240_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'lab-alone',
          include: oneAtATime,
          environment: 'node',
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 240_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'lab-halves',
          include: twoAtATime,
          environment: 'node',
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          testTimeout: 240_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: ['test/e2e/desktop/**'],
          environment: 'node',
          fileParallelism: false,
          expect: { poll: { timeout: 10_000 } },
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'desktop',
          include: ['test/e2e/desktop/**/*.test.ts'],
          environment: 'node',
          fileParallelism: false,
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 120_000,
          // The first run gets Electron, and builds.
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
