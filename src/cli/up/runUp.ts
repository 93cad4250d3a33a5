// Runs `signalbox up`: starts everything, prints the addresses, keeps everything running, and stops
// it in order on Ctrl-C, SIGTERM or SIGHUP. A second request to stop ends everything immediately.
import { once } from 'node:events'
import type { ComponentName } from '../../runtime/componentName.ts'
import { HOST_OF_UP, loadConfig } from '../../runtime/config.ts'
import type { Config } from '../../runtime/config.ts'
import { EXIT_CODES } from '../client/cliError.ts'
import { prepareHome } from './home.ts'
import { InstallationFile } from './installationFile.ts'
import { LocalPlatform } from './localPlatform.ts'
import { readyText } from './readyText.ts'
import { UpLock } from './upLock.ts'

export interface UpOptions {
  readonly json: boolean
  readonly demo: boolean
  readonly counts: Partial<Record<ComponentName, number>>
}

/**
 * Signals that arrive within this time after the first are part of the same request. One Ctrl-C may
 * arrive twice: from the terminal, and then from the parent process.
 */
const SAME_REQUEST_MS = 500
const EXIT_INTERRUPTED = 130

/**
 * Resolves to the exit code. Throws CliError or ConfigError for problems that the user must fix.
 */
export async function runUp(options: UpOptions): Promise<number> {
  const config = localConfig()
  const stop = new AbortController()
  const lock = await UpLock.acquire(config.home)
  let unwatch = () => {}
  try {
    const platform = new LocalPlatform({
      ...options,
      config,
      lock,
      env: process.env,
      show: showTrouble,
      installation: InstallationFile.open(config.home),
    })
    unwatch = watchSignals(stop, () => {
      platform.kill()
      process.exit(EXIT_INTERRUPTED)
    })
    await startAndStop(platform, stop, options, config.home)
    return EXIT_CODES.ok
  } finally {
    unwatch()
    lock.release()
  }
}

async function startAndStop(
  platform: LocalPlatform,
  stop: AbortController,
  { json }: UpOptions,
  home: string,
): Promise<void> {
  const { signal } = stop
  // The platform stops if the reader of our output closes the pipe, as in `npm start | head`.
  process.stdout.on('error', () => stop.abort())
  process.stderr.on('error', () => stop.abort())
  try {
    const line = await platform.start(signal)
    process.stdout.write(json ? `${JSON.stringify(line)}\n` : readyText(line, home))
    if (!signal.aborted) await once(signal, 'abort')
  } catch (error) {
    // An interrupted start may fail with any error, so such an error is ignored.
    if (!signal.aborted) throw error
  } finally {
    if (signal.aborted && !json)
      process.stderr.write('Stopping. Press Ctrl-C again to stop without waiting.\n')
    await platform.stop()
  }
}

/**
 * The configuration for this machine. Passwords are sent in plain text, so only this machine can
 * connect unless SIGNALBOX_HOST is set.
 */
function localConfig(): Config {
  const config = loadConfig()
  const host = process.env['SIGNALBOX_HOST']?.trim() ? config.host : HOST_OF_UP
  return { ...config, host, home: prepareHome(config.home) }
}

function watchSignals(stop: AbortController, force: () => void): () => void {
  let firstMs: number | undefined
  const request = () => {
    const nowMs = performance.now()
    firstMs ??= nowMs
    if (!stop.signal.aborted) stop.abort()
    else if (nowMs - firstMs > SAME_REQUEST_MS) force()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, request)
  return () => {
    for (const signal of signals) process.off(signal, request)
  }
}

function showTrouble(name: string, line: string): void {
  process.stderr.write(`${new Date().toLocaleTimeString('en-GB')} ${name.padEnd(9)} ${line}\n`)
}
