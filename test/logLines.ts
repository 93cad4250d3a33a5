// Reads the log of a process that `signalbox up` started.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stack } from './stack.ts'

export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly connector?: string
  readonly user?: string
  readonly reason?: string
  readonly err?: object
}

/** The lines that a process has written so far. */
export function logLines({ home }: Stack, name: string): LogLine[] {
  const text = readFileSync(join(home, 'log', `${name}.log`), 'utf8')
  const lines = text.split('\n').filter((line) => line.startsWith('{'))
  // pino wrote the lines. Fields that a line lacks are undefined.
  return lines.map((line) => JSON.parse(line) as LogLine)
}
