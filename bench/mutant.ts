// A mechanism that can be taken out of the source by one exact piece of its text, and the test that
// guards it: with the piece replaced that test must fail, and say why.

export interface Mutant {
  /** What the changed program does. */
  readonly name: string
  /** Of ARCHITECTURE.md, "What always holds". */
  readonly invariant: string
  readonly file: string
  /** Occurs once in the file, or the proof no longer proves anything. */
  readonly piece: string
  readonly replacement: string
  readonly guard: Guard
  /** What the failing test says. */
  readonly says: RegExp
}

export interface Guard {
  readonly project: 'unit' | 'whole' | 'full'
  readonly file: string
  /** The name of one test. */
  readonly test: string
}

/** A guard beside its source; `file` is below src/. */
export function unitTest(file: string, test: string): Guard {
  return { project: 'unit', file: `src/${file}`, test }
}

/** The text of the mutant's file without the mechanism. */
export function mutated(text: string, { file, piece, replacement }: Mutant): string {
  const [before, after, ...more] = text.split(piece)
  if (before === undefined || after === undefined || more.length > 0) {
    const times = text.split(piece).length - 1
    throw new Error(
      `${file} holds this ${times} times, not once. Bring its mutant in bench/mutants up to ` +
        `date:\n${piece}`,
    )
  }
  return before + replacement + after
}
