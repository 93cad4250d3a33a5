import { createInterface } from 'node:readline/promises'

/** The streams on which a question is asked and answered. */
export interface Dialogue {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

/**
 * The user's terminal; undefined if stdin or stderr is not a terminal, for example in a script.
 * Questions go to stderr, because stdout is for results.
 */
export function terminal(): Dialogue | undefined {
  const { stdin: input, stderr: output } = process
  return input.isTTY && output.isTTY ? { input, output } : undefined
}

/** Resolves to true for `y` or `yes` only. The end of the input and Ctrl-C mean no. */
export async function confirm({ input, output }: Dialogue, question: string): Promise<boolean> {
  const lines = createInterface({ input, output })
  try {
    return await new Promise((resolve) => {
      lines.once('close', () => resolve(false))
      lines.once('line', (line) => resolve(/^\s*y(es)?\s*$/i.test(line)))
      lines.setPrompt(`${question} [y/N] `)
      lines.prompt()
    })
  } finally {
    lines.close()
  }
}
