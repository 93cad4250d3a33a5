import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'

/** The root of the checkout, so that scripts can be run from any folder. */
export const root = join(import.meta.dirname, '..')

export interface StepResult {
  readonly passed: boolean
  /** The output to stdout and stderr, in the order in which it arrived. */
  readonly output: string
  readonly seconds: number
}

export interface StepOptions {
  readonly show?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/**
 * Runs one command with node_modules/.bin first in PATH, and collects its output. With `show` the
 * output is also printed as it arrives. `cwd` is the working folder, by default the checkout.
 */
export async function runStep(
  command: readonly [string, ...string[]],
  { show = false, env = {}, cwd = root }: StepOptions = {},
): Promise<StepResult> {
  const started = performance.now()
  const [file, ...args] = command
  const path = [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter)
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (show) process.stdout.write(text)
    })
  }
  try {
    const [code] = await once(child, 'close')
    return { passed: code === 0, output, seconds: secondsSince(started) }
  } catch (error) {
    const reason = `${file} cannot be started: ${String(error)}. Run \`npm ci\` first.\n`
    return { passed: false, output: reason, seconds: secondsSince(started) }
  }
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000
}
