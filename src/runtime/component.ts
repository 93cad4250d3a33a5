// The life of a process. It reads its settings (exit 2 when they are wrong), opens its health
// port (exit 3 when a port is taken), starts the component and says `ready` to a parent that
// listens. SIGTERM, SIGINT or the loss of that parent start one drain: /ready turns 503, the
// signal aborts, drain() has drainTimeoutMs, then exit 0 (1 when it did not finish). A request
// to stop that comes during the start counts too. A second SIGINT gives up waiting. Anything
// that nobody handled is fatal: logged, exit 1, never carried on.
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

/** `config` holds the settings that name the component in `readBy`. */
export interface ComponentContext<Name extends ComponentName = ComponentName> {
  readonly component: Name
  readonly config: ConfigOf<Name>
  readonly log: Logger
  /** For trouble that may repeat. */
  readonly trouble: TroubleLog
  readonly metrics: Metrics
  readonly health: Health
  /** The last warnings and errors of the log. */
  readonly recentTroubles: RecentTroubles
  /** Aborted when draining starts. */
  readonly signal: AbortSignal
  /** Fatal: logs the error and ends the process with exit code 1. */
  fail(error: unknown): void
}

export interface RunningComponent {
  /** Where it listens, by the name of the door: `{ smpp: 2775, http: 8080 }`. */
  readonly ports: Readonly<Record<string, number>>
  /** Finishes what was begun and gives everything back; called once. */
  drain(): Promise<void>
}

/** What a component tells the process that started it with an IPC channel. */
export interface ReadyMessage {
  readonly kind: 'ready'
  readonly component: ComponentName
  readonly ports: Readonly<Record<string, number>>
}

export const EXIT = { ok: 0, failed: 1, config: 2, portInUse: 3, interrupted: 130 } as const

type Start<Name extends ComponentName> = (
  context: ComponentContext<Name>,
) => Promise<RunningComponent>

/** Resolves when the component has started; the process ends by itself after a drain. */
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
    // What was waited for was given up because of the request to stop; nothing is left to drain.
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

/** Resolves at the first request to stop; from then on the process has `drainTimeoutMs`. */
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
        `Stop what uses it, or choose another port with ${name}\n`,
    )
    return process.exit(EXIT.portInUse)
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`signalbox: ${error.message}\n`)
    return process.exit(EXIT.config)
  }
  return fail(error)
}

/** The port of an EADDRINUSE, even when it is the cause of another error. */
function takenPort(error: unknown): number | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'EADDRINUSE' && 'port' in cause) {
      return Number(cause.port)
    }
  }
  return undefined
}
