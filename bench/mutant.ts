// A mutant disables one mechanism of the program by replacing one exact piece of source text. It
// also names the test that guards the mechanism: with the piece replaced, that test must fail with
// the expected message.

export interface Mutant {
  /** Describes the behaviour of the changed program. */
  readonly name: string
  /** Number of the invariant in ARCHITECTURE.md, "What always holds". */
  readonly invariant: string
  readonly file: string
  /** Must occur exactly once in the file, because otherwise the mutant proves nothing. */
  readonly piece: string
  readonly replacement: string
  readonly guard: Guard
  /** Matches the message of the failing test. */
  readonly says: RegExp
}

export interface Guard {
  readonly project: 'unit' | 'whole' | 'full'
  readonly file: string
  /** Matches the name of exactly one test. */
  readonly test: string
}

/** A unit test as a guard. `file` is relative to src/. */
export function unitTest(file: string, test: string): Guard {
  return { project: 'unit', file: `src/${file}`, test }
}

/** Returns the text of the mutant's file with the mechanism disabled. */
export function mutated(text: string, { file, piece, replacement }: Mutant): string {
  const [before, after, ...more] = text.split(piece)
  if (before === undefined || after === undefined || more.length > 0) {
    const times = text.split(piece).length - 1
    throw new Error(
      `${file} must contain this text once, but contains it ${times} times. Update its mutant in ` +
        `bench/*Mutants.ts:\n${piece}`,
    )
  }
  return before + replacement + after
}
