import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { ClosingLineReporter } from './scripts/closingLineReporter.ts'

// Three projects: `unit` lies beside the sources, `whole` starts real processes, `full` is what
// takes long or wants software from outside and runs only with `npm run test:full`.
const full = '**/*.full.test.ts'

export default defineConfig({
  test: {
    reporters: [new ClosingLineReporter()],
    // Names the line of a timer, server, socket or child that outlives its test file.
    setupFiles: ['test/leaks.setup.ts'],
    // The test files of a project share a process, which reads each source file once.
    isolate: false,
    // Files run as Node runs them: what Node refuses, a test must not accept.
    experimental: { viteModuleRunner: false },
    // One embedded PostgreSQL for the tests that need a database of their own.
    globalSetup: ['test/postgres.setup.ts'],
    // Processes that a test starts compile each source file once, whatever their home folder is.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), `signalbox-compile-cache-${process.getuid?.()}`) },
    restoreMocks: true,
    unstubEnvs: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          exclude: [full],
          testTimeout: 15_000,
          // By default vitest leaves one core free, which is one of two on small machines.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: [full],
          ...oneAtATime(2, 90_000),
        },
      },
      {
        extends: true,
        test: { name: 'full', include: [`src/${full}`, `test/${full}`], ...oneAtATime(3, 600_000) },
      },
    ],
  },
})

/** Platforms of six processes compete for the machine when they run side by side. */
function oneAtATime(groupOrder: number, timeoutMs: number) {
  return {
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    maxWorkers: 1,
    sequence: { groupOrder },
  }
}
