import { DefaultReporter } from 'vitest/node'
import type { SerializedError, TestModule, TestRunEndReason } from 'vitest/node'

interface Tally {
  passed: number
  failed: number
  skipped: number
}

/**
 * Prints the default report, and then the counts of tests alone on the last line. If CI=true, a
 * skipped test also fails the run.
 */
export class ClosingLineReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, errors, reason)

    const tally = countTests(modules)
    tally.failed += errors.length
    const skippedOnCi = process.env['CI'] === 'true' && tally.skipped > 0
    if (skippedOnCi) this.ctx.logger.log('Skipped tests fail the run where CI=true.')
    if (tally.failed > 0 || tally.passed === 0 || skippedOnCi) process.exitCode = 1
    this.ctx.logger.log(tallyLine(tally))
  }
}

/** The last line of every test run, such as `12 passed, 0 failed`. */
function tallyLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`
}

function countTests(modules: readonly TestModule[]): Tally {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 }
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      tally[state === 'passed' || state === 'skipped' ? state : 'failed'] += 1
    }
    // A file that cannot be loaded, or whose hooks fail, has errors outside its tests.
    tally.failed += module.errors().length
    for (const suite of module.children.allSuites()) tally.failed += suite.errors().length
  }
  return tally
}
