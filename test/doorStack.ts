// Runs `signalbox up` in front of three SMSCs (SMPP 3.3, 3.4 and 5.0), each with its own prefix.
// One customer sends odd requests. An ordinary customer has one user for each SMSC.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Database, openDatabase } from '../src/database/database.ts'
import { SMSC_DEFAULTS, SMSC_VERSIONS } from '../src/lab/smscOptions.ts'
import { SmscSimulator, type SmscStats } from '../src/lab/smscSimulator.ts'
import { ESME_ROK } from '../src/smpp/index.ts'
import { adminCall } from './adminCall.ts'
import { Customer, type CustomerPlace } from './customer.ts'
import { type Stack, startStack } from './stack.ts'

const PASSWORD = 'longpass'
const BINDS = 2
const READY_WITHIN_MS = 30_000
const LOOK_AGAIN_MS = 100

export interface DoorSmsc {
  /** `3.3`, `3.4` or `5.0`. It is also part of the name of the connector. */
  readonly version: string
  readonly prefix: string
  /** The user of the ordinary customer that sends to this SMSC. */
  readonly user: string
  stats(): SmscStats
}

export class DoorStack {
  readonly stack: Stack
  readonly database: Database
  readonly smscs: readonly DoorSmsc[]
  readonly #simulators: readonly SmscSimulator[]

  static async start(): Promise<DoorStack> {
    const stack = await startStack({ args: ['--no-demo'] })
    const versions = [...SMSC_VERSIONS]
    const simulators = await Promise.all(
      versions.map(([version, interfaceVersion]) =>
        SmscSimulator.start({
          ...SMSC_DEFAULTS,
          port: 0,
          systemId: 'signalbox',
          password: PASSWORD,
          file: join(stack.home, `smsc-${version}.ndjson`),
          receiptDelay: { minMs: 0, maxMs: 100 },
          interfaceVersion,
        }),
      ),
    )
    const door = new DoorStack(stack, simulators)
    try {
      await adminCall(stack.ready.admin, 'POST', '/admin/v1/platform/apply', door.#resources())
      await door.#untilReady()
      return door
    } catch (error) {
      await door.stop()
      throw error
    }
  }

  private constructor(stack: Stack, simulators: readonly SmscSimulator[]) {
    this.stack = stack
    this.#simulators = simulators
    this.smscs = [...SMSC_VERSIONS.keys()].map((version, index) => ({
      version,
      prefix: `44${version.replace('.', '')}`,
      user: `shop-${version.replace('.', '')}`,
      stats: () => this.#simulatorAt(index).stats(),
    }))
    const text = readFileSync(join(stack.home, 'installation.json'), 'utf8')
    // Written by `up`, see installationFile.ts.
    const { databaseUrl } = JSON.parse(text) as { databaseUrl: string }
    this.database = openDatabase({ databaseUrl, poolSize: 2, applicationName: 'test' })
  }

  /** The address and credentials of a user: `odd`, or the ordinary user of an SMSC. */
  placeOf(systemId: string): CustomerPlace {
    const { host, port } = this.stack.ready.smpp
    return { host, port, systemId, password: PASSWORD }
  }

  async stop(): Promise<void> {
    await this.database.close()
    await this.stack.stop()
    await Promise.all(this.#simulators.map((simulator) => simulator.close()))
  }

  #simulatorAt(index: number): SmscSimulator {
    const simulator = this.#simulators[index]
    if (!simulator) throw new Error('there is no simulator with this index')
    return simulator
  }

  #resources() {
    return {
      accounts: [{ id: 'odd' }, { id: 'shop' }],
      users: [
        { id: 'odd', account: 'odd', password: PASSWORD, maxBinds: 20 },
        ...this.smscs.map(({ user: id }) => ({ id, account: 'shop', password: PASSWORD })),
      ],
      connectors: this.smscs.map(({ version }, index) => ({
        id: idOf(version),
        host: '127.0.0.1',
        port: this.#simulatorAt(index).port,
        systemId: 'signalbox',
        password: PASSWORD,
        binds: BINDS,
        window: 200,
        tps: 5000,
      })),
      routeTable: {
        routes: this.smscs.map(({ version, prefix }) => ({ prefix, connector: idOf(version) })),
      },
    }
  }

  async #untilReady(): Promise<void> {
    const deadlineMs = Date.now() + READY_WITHIN_MS
    const until = async (isThere: () => Promise<boolean>) => {
      while (!(await isThere())) {
        if (Date.now() > deadlineMs) throw new Error('the platform did not become ready in time')
        await delay(LOOK_AGAIN_MS)
      }
    }
    await until(async () => this.smscs.every((smsc) => smsc.stats().binds === BINDS))
    for (const systemId of ['odd', ...this.smscs.map(({ user }) => user)]) {
      const customer = new Customer()
      const bound = () =>
        customer.bind(this.placeOf(systemId)).then(
          () => true,
          () => false,
        )
      await until(bound)
      for (const { prefix } of this.smscs)
        await until(async () => {
          const { commandStatus } = await customer.attempt(`${prefix}00000000`, 0)
          return commandStatus === ESME_ROK
        })
      await customer.unbind()
    }
  }
}

function idOf(version: string): string {
  return `smsc-${version.replace('.', '')}`
}
