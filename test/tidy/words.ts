import type { Problem, SourceFile } from './sourceFile.ts'

// Each pattern is written so that it does not find itself.
const marks = /\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b/g
const machinePaths = /(?<![\w.:/-])\/(work|root|home\/\w+|Users\/\w+)\/[\w.]/g

/** Unfinished work belongs in an issue, where somebody sees it. */
export function leftMarks(files: readonly SourceFile[]): Problem[] {
  return matches(files, marks, (word) => `"${word}" marks something unfinished. Do it or drop it`)
}

/** A path of one machine works on that machine only. */
export function machinePathsIn(files: readonly SourceFile[]): Problem[] {
  return matches(
    files,
    machinePaths,
    (path) => `"${path}…" is a path of one machine. Make it relative to the checkout or a setting`,
  )
}

/** Skipped tests rot; sleeping tests are slow and fail by chance. */
export function idleTests(files: readonly SourceFile[]): Problem[] {
  const tests = files.filter(({ path }) => path.endsWith('.test.ts'))
  const full = /\.full\.test\.ts$/
  const skipped = /\b(?:test|it|describe)\.(?:skip|only|todo|skipIf|runIf)\b/g
  const sleeps = /import \{[^}]*\bsetTimeout\b[^}]*\} from 'node:timers\/promises'/g
  return [
    ...matches(
      tests.filter(({ path }) => !full.test(path)),
      skipped,
      (word) => `${word}: a test runs or is deleted; only *.full.test.ts may skip, with a reason`,
    ),
    ...matches(tests, sleeps, () => 'no sleeps in tests. Wait for the event, or inject the clock'),
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
