import type { Problem, SourceFile } from './sourceFile.ts'

// Each pattern is written so that it does not match itself.
const marks = /\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b/g
const machinePaths = /(?<![\w.:/-])\/(work|root|home\/\w+|Users\/\w+)\/[\w.]/g

/** Marks of unfinished work. They belong in an issue, where people see them. */
export function leftMarks(files: readonly SourceFile[]): Problem[] {
  return matches(
    files,
    marks,
    (word) => `"${word}" marks unfinished work. Finish it or open an issue`,
  )
}

/** Absolute paths that exist on one machine only. */
export function machinePathsIn(files: readonly SourceFile[]): Problem[] {
  return matches(
    files,
    machinePaths,
    (path) =>
      `"${path}…" exists on one machine only. Use a path relative to the checkout, or a setting`,
  )
}

/**
 * Tests that are skipped or that sleep. Skipped tests become obsolete unnoticed; sleeping tests are
 * slow and fail by chance.
 */
export function idleTests(files: readonly SourceFile[]): Problem[] {
  const tests = files.filter(({ path }) => path.endsWith('.test.ts'))
  const full = /\.full\.test\.ts$/
  const skipped = /\b(?:test|it|describe)\.(?:skip|only|todo|skipIf|runIf)\b/g
  const sleeps = /import \{[^}]*\bsetTimeout\b[^}]*\} from 'node:timers\/promises'/g
  return [
    ...matches(
      tests.filter(({ path }) => !full.test(path)),
      skipped,
      (word) => `${word}: run the test or delete it; only *.full.test.ts may skip, with a reason`,
    ),
    ...matches(
      tests,
      sleeps,
      () => 'tests must not sleep. Wait for the event, or inject the clock',
    ),
  ]
}

function matches(
  files: readonly SourceFile[],
  pattern: RegExp,
  message: (found: string) => string,
): Problem[] {
  return files.flatMap((file) =>
    [...file.text.matchAll(pattern)].map((match) => ({
      path: file.path,
      line: file.lineAt(match.index),
      message: message(match[0]),
    })),
  )
}
