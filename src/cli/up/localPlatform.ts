// Everything that `signalbox up` runs: PostgreSQL, the six components and the simulated SMSC. The
// components start concurrently once the schema is up to date. If the demo must be created, the
// admin API starts first, so that the demo exists when the other components start. Components stop
// in the order in which messages travel, so that each component can pass on its remaining messages.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ComponentName } from '../../runtime/componentName.ts'
import { definiteHost } from '../../runtime/config.ts'
import type { Config } from '../../runtime/config.ts'
import type { DatabaseClaim } from './databaseClaim.ts'
import { DemoSetup } from './demoSetup.ts'
import { DiskWatch } from './diskWatch.ts'
import { EmbeddedPostgres } from './embeddedPostgres.ts'
import type { InstallationFile, ReadyLine } from './installationFile.ts'
import { migrateStore } from './migrateStore.ts'
import { probe } from './probe.ts'
import { fatalOf, ProcessLog, troubleOf } from './processLog.ts'
import type { LineFilter } from './processLog.ts'
import { planProcesses } from './processPlan.ts'
import type { ProcessPlan } from './processPlan.ts'
import { SupervisedProcess } from './supervisedProcess.ts'
import type { SupervisedOptions } from './supervisedProcess.ts'
import type { UpLock } from './upLock.ts'
import { warmCache } from './warmCache.ts'

export interface PlatformOptions {
  readonly config: Config
  readonly env: NodeJS.ProcessEnv
  readonly installation: InstallationFile
  readonly lock: UpLock
  readonly demo: boolean
  readonly counts: Partial<Record<ComponentName, number>>
  /** Shows one line to the user. `name` is the process that the line is about. */
  show(name: string, line: string): void
}

/** The components nearest to the customer stop first, and pass their messages on. */
const STOP_ORDER: readonly (readonly ComponentName[])[] = [
  ['gateway'],
  ['router'],
  ['workers'],
  ['dlr'],
  ['admin', 'exporters'],
]
/**
 * A component exits by itself at its drain timeout. If it is still running after this additional
 * time, it is killed.
 */
const STOP_MARGIN_MS = 2_000
const SMSC_STOP_MS = 5_000
/** How long `up` waits for each component's /ready before it reports the delay and continues. */
const READY_MS_MAX = 10_000
const READY_POLL_MS = 25
const FIRST_MIGRATION = '0001_platform'

interface Member {
  readonly component: ComponentName
  readonly process: SupervisedProcess
}

export class LocalPlatform {
  readonly #options: PlatformOptions
  readonly #host: string
  readonly #logs: ProcessLog[] = []
  #postgres: EmbeddedPostgres | undefined
  #members: Member[] = []
  #demo: DemoSetup | undefined
  #diskWatch: DiskWatch | undefined
  #claim: DatabaseClaim | undefined
  #isReady = false

  constructor(options: PlatformOptions) {
    this.#options = options
    this.#host = definiteHost(options.config.host)
  }

  /**
   * Resolves when everything is ready. If start() fails, call stop() to end the started processes.
   */
  async start(signal: AbortSignal): Promise<ReadyLine> {
    const { config, installation } = this.#options
    installation.content.pids = { up: process.pid }
    this.#diskWatch = this.#watchDisk()
    const databaseUrl = await this.#startGroundwork(signal)
    signal.throwIfAborted()
    installation.content.databaseUrl = databaseUrl
    const { applied } = await migrateStore(databaseUrl, config.databaseUrl !== '')
    signal.throwIfAborted()
    this.#claim = await this.#claimDatabase(databaseUrl)
    signal.throwIfAborted()
    if (applied.includes(FIRST_MIGRATION)) this.#demo?.meetNewDatabase()
    const common = this.#common(databaseUrl)
    const { id: installationId, listening } = installation.content
    const plans = await planProcesses({ ...this.#options, common, installationId, listening })
    this.#members = plans.map((plan) => this.#member(plan))
    await this.#startMembers(signal)
    await this.#untilReady(signal)
    this.#isReady = true
    return this.#recordReady()
  }

  /** Drains and stops everything, in order. */
  async stop(): Promise<void> {
    const { config, installation } = this.#options
    const deadlineMs = config.drainTimeoutMs + STOP_MARGIN_MS
    for (const components of STOP_ORDER) {
      const members = this.#members.filter(({ component }) => components.includes(component))
      await Promise.all(members.map((member) => member.process.stop(deadlineMs)))
    }
    await this.#demo?.simulator.stop(SMSC_STOP_MS)
    await this.#claim?.close()
    await this.#postgres?.stop()
    this.#diskWatch?.close()
    for (const log of this.#logs) log.close()
    installation.content.pids = {}
    this.#write(() => installation.save())
  }

  /** Ends everything immediately, without draining. */
  kill(): void {
    for (const member of this.#members) member.process.kill()
    this.#demo?.simulator.kill()
    this.#postgres?.kill()
  }

  /**
   * Starts the database, and concurrently everything that does not need it. Resolves to the
   * database's URL.
   */
  async #startGroundwork(signal: AbortSignal): Promise<string> {
    const { config, demo } = this.#options
    if (demo) {
      this.#demo = await DemoSetup.plan({
        ...this.#options,
        host: this.#host,
        environment: this.#common(config.databaseUrl),
        supervise: (options) => this.#supervise(options),
      })
    }
    const databaseUrl = config.databaseUrl || this.#startPostgres()
    await allOf([
      databaseUrl,
      this.#demo?.simulator.start(signal),
      warmCache(compileCache(this.#options)),
      import('../../database/main.ts'),
    ])
    return databaseUrl
  }

  async #startPostgres(): Promise<string> {
    const { config, env, installation } = this.#options
    const { postgres } = installation.content
    const log = this.#openLog('postgres', fatalOf)
    const isGiven = Boolean(env['SIGNALBOX_PG_PORT']?.trim())
    const byDefault = config.ports === 'auto' ? 0 : config.pgPort
    this.#postgres = new EmbeddedPostgres({
      home: config.home,
      password: postgres.password,
      port: isGiven ? config.pgPort : postgres.port || byDefault,
      logFile: log.file,
      onStarted: (pid) => this.#recordPid('postgres', pid),
      onTrouble: (what) => this.#options.show('postgres', what),
    })
    await this.#postgres.start()
    postgres.port = this.#postgres.port
    return this.#postgres.databaseUrl
  }

  async #claimDatabase(databaseUrl: string): Promise<DatabaseClaim> {
    const { config, installation, show } = this.#options
    const { DatabaseClaim: Claim } = await import('./databaseClaim.ts')
    return Claim.take({
      databaseUrl,
      home: config.home,
      installation: installation.content.id,
      clusterToken: this.#clusterToken,
      advertiseHost: this.#host,
      onTrouble: (what) => show('up', what),
    })
  }

  /** The environment variables that all processes of this platform share. */
  #common(databaseUrl: string): NodeJS.ProcessEnv {
    const { config, env } = this.#options
    return {
      ...env,
      DATABASE_URL: databaseUrl,
      SIGNALBOX_HOME: config.home,
      SIGNALBOX_HOST: config.host,
      SIGNALBOX_ADVERTISE_HOST: this.#host,
      SIGNALBOX_CLUSTER_TOKEN: this.#clusterToken,
      SIGNALBOX_ADMIN_TOKEN: this.#adminToken,
      // processLog.ts reads the JSON log lines and selects lines for the terminal.
      SIGNALBOX_LOG_FORMAT: 'json',
      NODE_COMPILE_CACHE: compileCache(this.#options),
    }
  }

  get #clusterToken(): string {
    return this.#options.config.clusterToken || this.#options.installation.content.clusterToken
  }

  get #adminToken(): string {
    return this.#options.config.adminToken || this.#options.installation.content.adminToken
  }

  #member({ name, component, environment }: ProcessPlan): Member {
    const process = this.#supervise({
      name,
      healthHost: this.#host,
      command: (ports) => ({ args: [component], env: environment(ports) }),
    })
    return { component, process }
  }

  #supervise(
    options: Pick<SupervisedOptions, 'name' | 'command' | 'healthHost'>,
  ): SupervisedProcess {
    const { name } = options
    return new SupervisedProcess({
      ...options,
      log: this.#openLog(name, (line) => this.#troubleOf(line)),
      onPid: (pid) => this.#recordPid(name, pid),
      onTrouble: (what) => this.#options.show(name, what),
    })
  }

  /**
   * The text to show for a log line, if any. If a start fails, the process logs the cause in a line
   * that begins with `signalbox: `. Such lines are hidden until the platform is ready, because `up`
   * itself reports the cause when it exits.
   */
  #troubleOf(line: string): string | undefined {
    return this.#isReady || !line.startsWith('signalbox: ') ? troubleOf(line) : undefined
  }

  async #startMembers(signal: AbortSignal): Promise<void> {
    const demo = this.#demo
    const all = this.#members.map((member) => member.process)
    const first = demo?.changesPlatform ? all.filter(({ name }) => name === 'admin') : []
    const others = all.filter((one) => !first.includes(one))
    await startAll(first, signal)
    if (demo?.changesPlatform) await demo.apply({ url: this.#adminUrl(), token: this.#adminToken })
    await startAll(others, signal)
  }

  /** Waits for each component's /ready. The gateway, for example, is ready once it has a router. */
  async #untilReady(signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#members.map(async ({ process: { name, ports } }) => {
        const url = `http://${this.#host}:${ports['health']}/ready`
        for (let waitedMs = 0; waitedMs < READY_MS_MAX; waitedMs += READY_POLL_MS) {
          signal.throwIfAborted()
          const answer = await probe(url, READY_MS_MAX).catch(() => undefined)
          if (answer?.status === 200) return
          await delay(READY_POLL_MS)
        }
        this.#options.show(name, `is not ready yet; see ${url} for the reason`)
      }),
    )
  }

  #recordReady(): ReadyLine {
    const { installation } = this.#options
    const { content } = installation
    const ports = (name: string) => this.#process(name)?.ports ?? {}
    const url = (port: number | undefined) => `http://${this.#host}:${port}`
    const demo = this.#demo?.credentials
    const smsc = demo && this.#demo?.place
    const line: ReadyLine = {
      smpp: { host: this.#host, port: ports('gateway')['smpp'] ?? 0, ...demo?.smpp },
      api: { url: url(ports('gateway')['http']), ...demo?.api },
      admin: { url: this.#adminUrl(), token: this.#adminToken },
      ...(smsc && { smsc }),
      ports: Object.fromEntries(
        this.#members.map(({ process: { name, ports: own } }) => [name, own['health'] ?? 0]),
      ),
      pids: content.pids,
    }
    content.listening = Object.fromEntries(
      this.#members.map(({ process: { name, ports: own } }) => [name, own]),
    )
    Object.assign(content, line)
    installation.save()
    return line
  }

  #adminUrl(): string {
    return `http://${this.#host}:${this.#process('admin')?.ports['admin']}`
  }

  #process(name: string): SupervisedProcess | undefined {
    return this.#members.find((member) => member.process.name === name)?.process
  }

  #recordPid(name: string, pid: number | undefined): void {
    const { installation, lock } = this.#options
    if (pid === undefined) delete installation.content.pids[name]
    else installation.content.pids[name] = pid
    this.#write(() => {
      lock.record(name, pid)
      installation.save()
    })
  }

  /** If the disk is full, the files in HOME stay unchanged. They are written when it has space. */
  #write(write: () => void): void {
    try {
      write()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#options.show('up', `cannot record which processes are running: ${why}`)
    }
  }

  #watchDisk(): DiskWatch {
    const { config, installation, lock, show } = this.#options
    return new DiskWatch({
      folder: config.home,
      show: (line) => show('disk', line),
      onRoom: () =>
        this.#write(() => {
          lock.save()
          installation.save()
        }),
    })
  }

  #openLog(name: string, filter: LineFilter): ProcessLog {
    const file = join(this.#options.config.home, 'log', `${name}.log`)
    const log = new ProcessLog({ file, filter, show: (line) => this.#options.show(name, line) })
    this.#logs.push(log)
    return log
  }
}

function compileCache({ config, env }: PlatformOptions): string {
  return env['NODE_COMPILE_CACHE'] || join(config.home, 'cache')
}

/**
 * Starts processes concurrently, except that gateways start after the routers. A gateway that finds
 * no router at its start looks for routers only once a second.
 */
async function startAll(processes: readonly SupervisedProcess[], signal: AbortSignal) {
  const start = (some: readonly SupervisedProcess[]) => some.map((one) => one.start(signal))
  const [first, others] = split(processes, 'router')
  const [last, between] = split(others, 'gateway')
  const routers = start(first)
  const gateways = Promise.all(routers).then(() => Promise.all(start(last)))
  await allOf([...routers, ...start(between), gateways])
}

/**
 * Waits for every promise, even if one rejects. Then no process is still starting when stop() is
 * called.
 */
async function allOf(promises: readonly unknown[]): Promise<void> {
  const results = await Promise.allSettled(promises)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

function split(processes: readonly SupervisedProcess[], component: ComponentName) {
  const isIt = ({ name }: SupervisedProcess) => name.replace(/-\d+$/, '') === component
  return [processes.filter(isIt), processes.filter((one) => !isIt(one))] as const
}
