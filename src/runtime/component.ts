// The life cycle of a process:
//
// 1. The process reads its settings. If a setting is invalid, the process exits with code 2.
// 2. The process opens its health port and starts the component. If a port is in use, the process
//    exits with code 3.
// 3. If the process has an IPC channel, it sends a `ready` message to its parent process.
// 4. On SIGTERM, on SIGINT, or when its parent process disconnects, the process drains. /ready then
//    returns 503, `signal` is aborted, and the component's drain() is called. The process exits
//    with code 0 when drain() has finished, or with code 1 if draining takes longer than
//    `drainTimeoutMs`. If the process is asked to stop while it is still starting, it drains after
//    the start, or exits with code 0 if the start fails.
// 5. If SIGINT arrives after a request to stop, the process exits immediately with code 130.
//
// An uncaught error or an unhandled rejection is logged, and the process exits with code 1.
import { healthPortOf } from './componentName.ts'
import type { ComponentName } from './componentName.ts'
import { ConfigError, loadConfig, portSetting, requireSettings } from './config.ts'
import type { Config, ConfigOf } from './config.ts'
import { HealthState, startHealthServer } from './health.ts'
import type { Health, HealthServer } from './health.ts'
import { createLogger } from './log.ts'
import type { Logger } from './log.ts'
import { createMetrics } from './metrics.ts'
import type { Metrics } from './metrics.ts'
import { RecentTroubles } from './recentTroubles.ts'
import { TroubleLog } from './troubleLog.ts'

export type { ComponentName } from './componentName.ts'

/** The objects and functions that a component receives when it starts. */
export interface ComponentContext<Name extends ComponentName = ComponentName> {
  readonly component: Name
  /** The settings whose `readBy` lists this component. */
  readonly config: ConfigOf<Name>
  readonly log: Logger
  /** The log for errors that may repeat. */
  readonly trouble: TroubleLog
  readonly metrics: Metrics
  readonly health: Health
  /** The warnings and errors that were logged most recently. */
  readonly recentTroubles: RecentTroubles
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal
  /** Logs a fatal error and ends the process with exit code 1. */
  fail(error: unknown): void
}

export interface RunningComponent {
  /** The ports on which the component listens, by name: `{ smpp: 2775, http: 8080 }`. */
  readonly ports: Readonly<Record<string, number>>
  /** Finishes the work in progress and releases all resources. It is called only once. */
  drain(): Promise<void>
}

/** The IPC message with which a component tells its parent process that it has started. */
export interface ReadyMessage {
  readonly kind: 'ready'
  readonly component: ComponentName
  readonly ports: Readonly<Record<string, number>>
}

export const EXIT = { ok: 0, failed: 1, config: 2, portInUse: 3, interrupted: 130 } as const

type Start<Name extends ComponentName> = (
  context: ComponentContext<Name>,
) => Promise<RunningComponent>

/**
 * Starts a component, and resolves when the component has started. After a request to stop, the
 * component drains and the process exits.
 */
export async function runComponent<Name extends ComponentName>(
  component: Name,
  start: Start<Name>,
): Promise<void> {
  const config = configOrExit(component)
  process.title = `signalbox ${component}`
  const recentTroubles = new RecentTroubles()
  const log = createLogger(component, config, undefined, recentTroubles)
  const trouble = new TroubleLog({ log })
  trouble.start()
  const stop = new AbortController()
  const fail = (error: unknown): never => {
    log.fatal({ err: error }, 'unrecoverable error; exiting')
    return process.exit(EXIT.failed)
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  const stopping = stopRequest(log, stop, config.drainTimeoutMs)

  const health = new HealthState()
  health.setReady('started', false)
  const metrics = createMetrics(component)
  const { signal } = stop
  try {
    const port = healthPortOf(component, config)
    const server = await startHealthServer({ port, host: config.host, health, metrics })
    const context = {
      component,
      config,
      log,
      trouble,
      recentTroubles,
      metrics,
      health,
      signal,
      fail,
    }
    const running = await start(context)
    health.setReady('started', true)
    announce(component, { ...running.ports, health: server.port }, log)
    stopping.then(() => drainAndExit(running, server, health, log)).catch(fail)
  } catch (error) {
    // The start failed after a request to stop. No component is running that could be drained.
    if (signal.aborted) process.exit(EXIT.ok)
    endFailedStart(error, component, config, fail)
  }
}

function configOrExit(component: ComponentName): Config {
  try {
    const config = loadConfig()
    requireSettings(component, config)
    return config
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) process.stderr.write(`signalbox: ${problem}\n`)
    return process.exit(EXIT.config)
  }
}

/**
 * Resolves at the first request to stop. If the process is still running `drainTimeoutMs` after
 * that request, it exits with code 1.
 */
function stopRequest(log: Logger, stop: AbortController, drainTimeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const request = (cause: string) => {
      if (stop.signal.aborted) {
        if (cause === 'SIGINT') process.exit(EXIT.interrupted)
        return
      }
      log.info({ reason: cause }, 'draining')
      setTimeout(() => {
        log.error(
          { drainTimeoutMs },
          'work did not finish within SIGNALBOX_DRAIN_TIMEOUT_MS; exiting',
        )
        process.exit(EXIT.failed)
      }, drainTimeoutMs)
      stop.abort()
      resolve()
    }
    for (const name of ['SIGTERM', 'SIGINT', 'disconnect']) {
      process.on(name, () => request(name))
    }
  })
}

function announce(component: ComponentName, ports: Record<string, number>, log: Logger): void {
  log.info({ ports }, 'started')
  if (!process.send) return
  const message: ReadyMessage = { kind: 'ready', component, ports }
  process.send(message)
}

async function drainAndExit(
  running: RunningComponent,
  server: HealthServer,
  health: HealthState,
  log: Logger,
): Promise<void> {
  health.startDraining()
  await running.drain()
  await server.close()
  log.info('drained')
  process.exit(EXIT.ok)
}

function endFailedStart(
  error: unknown,
  component: ComponentName,
  config: Config,
  fail: (error: unknown) => never,
): never {
  const port = takenPort(error)
  if (port !== undefined) {
    const name =
      port === healthPortOf(component, config)
        ? 'SIGNALBOX_HEALTH_PORT'
        : (portSetting(config, port) ?? 'its setting (see `signalbox config`)')
    process.stderr.write(
      `signalbox: port ${port} is in use, so ${component} cannot listen on it. ` +
        `Stop the other program, or choose another port with ${name}\n`,
    )
    return process.exit(EXIT.portInUse)
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`signalbox: ${error.message}\n`)
    return process.exit(EXIT.config)
  }
  return fail(error)
}

/** The port that is in use if the error, or an error among its causes, is EADDRINUSE. */
function takenPort(error: unknown): number | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'EADDRINUSE' && 'port' in cause) {
      return Number(cause.port)
    }
  }
  return undefined
}
