// The demo: a simulated SMSC, and the resources that demoPlatform.ts creates at the first start. If
// the platform already holds other resources, no demo resources are created.
import { join } from 'node:path'
import type { Config } from '../../runtime/config.ts'
import { DEMO_SYSTEM_ID, SMSC_SYSTEM_ID } from './demoNames.ts'
import { freePort } from './freePort.ts'
import type { InstallationFile, ReadyLine } from './installationFile.ts'
import type { SupervisedOptions, SupervisedProcess } from './supervisedProcess.ts'

export interface DemoOptions {
  readonly config: Config
  readonly installation: InstallationFile
  /** The host on which the simulator listens, and to which the connector connects. */
  readonly host: string
  readonly environment: NodeJS.ProcessEnv
  supervise(options: Pick<SupervisedOptions, 'name' | 'command'>): SupervisedProcess
  show(name: string, line: string): void
}

interface Credentials {
  readonly smpp: Pick<ReadyLine['smpp'], 'systemId' | 'password'>
  readonly api: Pick<ReadyLine['api'], 'key'>
}

const RECEIPT_DELAY_MS = 200
const DEFAULT_PORT = 2776
const SMSC_STOP_MS = 5_000

export class DemoSetup {
  readonly place: { readonly host: string; readonly port: number }
  readonly #options: DemoOptions
  readonly #smsc: SupervisedProcess
  readonly #isMoved: boolean
  #isApplied: boolean

  static async plan(options: DemoOptions): Promise<DemoSetup> {
    const { config, installation, host } = options
    const former = installation.content.smsc?.port
    const wanted = former ?? (config.ports === 'auto' ? 0 : DEFAULT_PORT)
    return new DemoSetup(options, await freePort(wanted, host))
  }

  private constructor(options: DemoOptions, port: number) {
    const { config, installation, host, supervise } = options
    const { demo, smsc } = installation.content
    this.#options = options
    this.place = { host, port }
    this.#isApplied = demo.appliedTo === databaseName(config)
    this.#isMoved = smsc?.port !== port || smsc.host !== host
    this.#smsc = supervise({ name: 'smsc', command: () => this.#command() })
  }

  /**
   * Must be called if the database is new. A new database has no demo, even if an earlier database
   * of the same name had one.
   */
  meetNewDatabase(): void {
    this.#isApplied = false
  }

  /** True if the demo must be applied through the admin API before the other components start. */
  get changesPlatform(): boolean {
    return !this.#isApplied || this.#isMoved
  }

  /** The demo users' credentials; undefined if the demo was not created in this platform. */
  get credentials(): Credentials | undefined {
    if (!this.#isApplied) return undefined
    const { password, apiKey } = this.#options.installation.content.demo
    return { smpp: { systemId: DEMO_SYSTEM_ID, password }, api: { key: apiKey } }
  }

  get simulator(): SupervisedProcess {
    return this.#smsc
  }

  async apply(api: { readonly url: string; readonly token: string }): Promise<void> {
    const { applyDemo, moveConnector } = await import('./demoPlatform.ts')
    const { findAdmin } = await import('../client/adminClient.ts')
    const { config, installation, show } = this.#options
    const { content } = installation
    const admin = await findAdmin(api)
    if (this.#isApplied) return moveConnector(admin, this.place)
    const yamlFile = join(config.home, 'demo-platform.yaml')
    this.#isApplied = await applyDemo(admin, content.demo, this.place, yamlFile)
    if (this.#isApplied) {
      content.demo.appliedTo = databaseName(config)
      installation.save()
      return
    }
    show('demo', 'omitted, as with --no-demo, because the database already holds a platform')
    await this.#smsc.stop(SMSC_STOP_MS)
  }

  /**
   * The command that starts the simulator. The simulator keeps outstanding receipts in a file. The
   * name of this file does not depend on the port, so that receipts survive a change of port.
   */
  #command(): { args: string[]; env: NodeJS.ProcessEnv } {
    const { config, installation, environment } = this.#options
    const { host, port } = this.place
    const options = {
      '--host': host,
      '--port': String(port),
      '--system-id': SMSC_SYSTEM_ID,
      '--file': join(config.home, 'smsc', 'demo.ndjson'),
      '--receipt-delay-ms': String(RECEIPT_DELAY_MS),
    }
    return {
      args: ['simulate', 'smsc', '--json', ...Object.entries(options).flat()],
      // The password is in the environment, because every user of the machine can read command
      // lines.
      env: { ...environment, SMSC_PASSWORD: installation.content.demo.smscPassword },
    }
  }
}

function databaseName({ databaseUrl }: Config): string {
  if (!databaseUrl) return 'embedded'
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname}`
}
