import { defineConfig } from 'vitest/config'

/**
 * Five kinds of test, told apart by their place: unit (fast, no servers of others), conformance (one suite for every
 * implementation, on simulators), lab (the real servers), e2e (a real browser on the lab), desktop (a real Electron on it).
 */
const again = {
  // Real processes on a busy machine: what fails is run once more, and the closing lines name what passed only then.
  retry: 1,
}

export default defineConfig({
  test: {
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
          exclude: ['**/*.lab.test.ts', '**/node_modules/**'],
          environment: 'node',
          ...again,
          // A busy machine is no failure; a test that hangs is.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/*.test.ts'],
          exclude: ['**/*.lab.test.ts'],
          environment: 'node',
          ...again,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts', '{test,electron}/**/*.lab.test.ts'],
          environment: 'node',
          ...again,
          // One lab at a time: it is a whole pipeline of real processes on two cores.
          fileParallelism: false,
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
          ...again,
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
          ...again,
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
