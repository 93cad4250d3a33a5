import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { ClosingLineReporter } from './scripts/closingLineReporter.ts'

// Five projects: `tidy` reads the sources, `unit` lies beside them, and `whole` starts real
// processes. `full` takes long or wants software from outside, and runs only with `npm run
// test:full`. `alone` runs after it: two clocks measure the pace there, and agree only if nothing
// else takes the machine's time.
const tidy = ['test/tidy.test.ts', 'test/tidy/*.test.ts', 'test/*Reference.test.ts']
const full = '**/*.full.test.ts'
const alone = 'test/pace.full.test.ts'

/** One embedded PostgreSQL for the tests that need a database of their own. */
const POSTGRES = 'test/postgres.setup.ts'
/** Most of these wait for sockets, timers and the database rather than compute. */
const SHORT = { maxWorkers: 2 * availableParallelism(), timeoutMs: 30_000 }
/** Platforms of six processes that run side by side; each waits for much of its time. */
const PLATFORMS = Math.min(availableParallelism() + 2, 5)

export default defineConfig({
  test: {
    reporters: [new ClosingLineReporter()],
    // Names the line of a timer, server, socket or child that outlives its test file.
    setupFiles: ['test/leaks.setup.ts'],
    // The test files of a project share a process, which reads each source file once.
    isolate: false,
    // Files run as Node runs them: what Node refuses, a test must not accept.
    experimental: { viteModuleRunner: false },
    // Processes that a test starts compile each source file once, whatever their home folder is.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), `signalbox-compile-cache-${process.getuid?.()}`) },
    restoreMocks: true,
    unstubEnvs: true,
    projects: [
      {
        extends: true,
        test: { name: 'tidy', include: tidy, ...inGroup(1, SHORT) },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          globalSetup: [POSTGRES],
          include: ['src/**/*.test.ts'],
          exclude: [full],
          ...inGroup(1, SHORT),
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          globalSetup: [POSTGRES],
          include: ['test/**/*.test.ts'],
          exclude: [full, ...tidy],
          ...inGroup(2, { maxWorkers: PLATFORMS, timeoutMs: 90_000 }),
        },
      },
      {
        extends: true,
        test: {
          name: 'full',
          globalSetup: [POSTGRES],
          include: [`src/${full}`, `test/${full}`],
          exclude: [alone],
          ...inGroup(2, { maxWorkers: PLATFORMS, timeoutMs: 600_000 }),
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: [alone],
          ...inGroup(3, { maxWorkers: 1, timeoutMs: 600_000 }),
        },
      },
    ],
  },
})

interface Group {
  readonly maxWorkers: number
  readonly timeoutMs: number
}

/**
 * Groups run one after the other, and the files of one group run side by side. In a group, vitest
 * begins with the project that comes first by name, so the short files of `whole` fill the end.
 */
function inGroup(groupOrder: number, { maxWorkers, timeoutMs }: Group) {
  return { testTimeout: timeoutMs, hookTimeout: timeoutMs, maxWorkers, sequence: { groupOrder } }
}
