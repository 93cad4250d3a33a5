import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

/** The commands on a page: lines that begin with `npx signalbox` or `$ npx signalbox`. */
export function commandsOf(page: string): string[] {
  const text = readFileSync(new URL(`../${page}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^(?:\$ )?npx signalbox (.+)$/gm)].map(([, words = '']) => words)
}

export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a `signalbox` command line against the installation in this home folder. */
export async function runSignalbox(home: string, words: string): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...words.split(' ')], {
    env: { ...process.env, SIGNALBOX_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
  await ended
  return { exitCode: child.exitCode, stdout, stderr }
}
