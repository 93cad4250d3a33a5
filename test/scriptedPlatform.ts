// Runs `signalbox up` between a customer and an SMSC that the test controls. It has two connectors:
// `north` for destinations that begin with 31, with two binds, and `south` for 32, with one.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { vi } from 'vitest'
import { type Database, openDatabase } from '../src/database/database.ts'
import type { MessageTrace } from '../src/message/trace.ts'
import { adminCall } from './adminCall.ts'
import { Customer, type CustomerPlace } from './customer.ts'
import { ScriptedSmsc } from './scriptedSmsc.ts'
import { type Stack, type StackOptions, startStack } from './stack.ts'

const BINDS = { north: 2, south: 1 } as const
const READY_MS = 20_000
const SETTLED_MS = 30_000

export class ScriptedPlatform {
  readonly stack: Stack
  readonly smsc: ScriptedSmsc
  readonly smscPort: number
  readonly customer: Customer
  readonly database: Database

  static async start(options: StackOptions = {}): Promise<ScriptedPlatform> {
    const smsc = new ScriptedSmsc()
    const { port } = await smsc.listen()
    const stack = await startStack({ ...options, args: ['--no-demo', ...(options.args ?? [])] })
    const platform = new ScriptedPlatform(stack, smsc, port)
    await adminCall(stack.ready.admin, 'POST', '/admin/v1/platform/apply', resources(port))
    await platform.#ready()
    return platform
  }

  private constructor(stack: Stack, smsc: ScriptedSmsc, smscPort: number) {
    this.stack = stack
    this.smsc = smsc
    this.smscPort = smscPort
    this.customer = new Customer()
    const text = readFileSync(join(stack.home, 'installation.json'), 'utf8')
    // Written by `up`, see installationFile.ts.
    const { databaseUrl } = JSON.parse(text) as { databaseUrl: string }
    this.database = openDatabase({ databaseUrl, poolSize: 2, applicationName: 'test' })
  }

  get place(): CustomerPlace {
    const { host, port } = this.stack.ready.smpp
    return { host, port, systemId: 'bank', password: 'longpass' }
  }

  async #ready(): Promise<void> {
    const bound = () =>
      this.customer.bind(this.place).then(
        () => true,
        () => false,
      )
    await vi.waitUntil(bound, { timeout: READY_MS, interval: 100 })
    await this.untilBound()
    // The router loads the account a moment before or after the gateway does.
    const accepted = async () => (await this.customer.attempt('31600000000', 0)).commandStatus === 0
    await vi.waitUntil(accepted, { timeout: READY_MS, interval: 100 })
    await this.untilSettled()
  }

  /** Resolves when all binds to the SMSC are up. */
  async untilBound(): Promise<void> {
    const isUp = () =>
      Object.entries(BINDS).every(([id, binds]) => this.smsc.bindsOf(id).length === binds)
    await vi.waitUntil(isUp, READY_MS)
  }

  async stop(): Promise<void> {
    await this.customer.unbind()
    await this.database.close()
    await this.stack.stop()
    await this.smsc.close()
  }

  /** Resolves when `up` has replaced the process whose id was `before`. */
  async untilReplaced(name: string, before: number): Promise<void> {
    await vi.waitUntil(() => this.stack.pidOf(name) !== before, READY_MS)
  }

  /** Kills the worker with SIGKILL. Resolves when its successor has bound. */
  async replaceWorker(): Promise<void> {
    const before = this.stack.pidOf('workers')
    const binds = this.smsc.bindsOf('north')
    this.stack.kill('workers')
    await this.untilReplaced('workers', before)
    const isGone = () => !this.smsc.bindsOf('north').some((bind) => binds.includes(bind))
    await vi.waitUntil(isGone, READY_MS)
    await this.untilBound()
  }

  /** Resolves when no envelope and no receipt waits for processing or acknowledgement. */
  async untilSettled(): Promise<void> {
    const open = `select (select count(*) from queue_envelopes)
      + (select count(*) from outbox_chunks)
      + (select count(*) from outbox where state = 'pending') as open`
    await vi.waitUntil(async () => (await this.count(open)) === 0, {
      timeout: SETTLED_MS,
      interval: 100,
    })
  }

  /** The first number of the first row. */
  async count(sql: string): Promise<number> {
    const { rows } = await this.database.pool.query({ text: sql, rowMode: 'array' })
    return Number(rows[0]?.[0])
  }

  /** The trace of a message from the admin API. Waits until the message has been written. */
  async trace(messageId: string): Promise<MessageTrace> {
    const path = `/admin/v1/messages/${messageId}`
    return vi.waitFor(
      // messageRoutes.ts answers with a MessageTrace.
      async () => (await adminCall(this.stack.ready.admin, 'GET', path)) as MessageTrace,
      { timeout: SETTLED_MS, interval: 100 },
    )
  }

  /** How many messages the first worker finished with this result. */
  outcomes(result: string, connector: string): Promise<number | undefined> {
    const labels = `connector="${connector}",result="${result}"`
    return this.metric('workers', 'workers_outcomes_total', labels)
  }

  /**
   * The first value of a metric whose labels contain `label`, from the /metrics of a process;
   * undefined if there is no such value.
   */
  async metric(process: string, name: string, label = ''): Promise<number | undefined> {
    const answer = await fetch(`http://127.0.0.1:${this.stack.ready.ports[process]}/metrics`)
    const lines = (await answer.text()).split('\n')
    const line = lines.find((one) => one.startsWith(`signalbox_${name}{`) && one.includes(label))
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')))
  }
}

function resources(port: number) {
  const connectors = Object.entries(BINDS).map(([id, binds]) => ({
    id,
    host: '127.0.0.1',
    port,
    systemId: id,
    password: 'secret',
    binds,
    window: 100,
    tps: 5000,
  }))
  return {
    accounts: [{ id: 'bank' }],
    users: [{ id: 'bank', account: 'bank', password: 'longpass' }],
    connectors,
    routeTable: {
      routes: [
        { prefix: '31', connector: 'north' },
        { prefix: '32', connector: 'south' },
      ],
    },
  }
}
