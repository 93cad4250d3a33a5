// Stops one of two processes of a component. The other process continues, no lock is held for long,
// and no message that was answered is lost.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { changePlatform } from '../bench/changePlatform.ts'
import { freePort } from '../src/cli/up/freePort.ts'
import type { Installation } from '../src/cli/up/installationFile.ts'
import { type Database, openDatabase } from '../src/database/database.ts'
import { SMSC_DEFAULTS } from '../src/lab/smscOptions.ts'
import { SmscSimulator } from '../src/lab/smscSimulator.ts'
import { stopWhile } from '../src/lab/stopFor.ts'
import { amidTraffic, type Outcome } from './amidTraffic.ts'
import { Customer } from './customer.ts'
import { count, pausedTransactions, stopInTransaction } from './inTransaction.ts'
import { type Stack, type StackOptions, startStack } from './stack.ts'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const TRAFFIC = { messages: 10_000, messagesPerSecond: 500, receiptsWithinMs: 180_000 }
/** More messages than the stopped process can hold. */
const PROGRESS = 1_000
const RELEASED_WITHIN_MS = 15_000
const RESUMED_WITHIN_MS = 30_000
const READY_WITHIN_MS = 30_000

interface Platform {
  stack: Stack
  installation: Installation
  database: Database
}

async function startPlatform(processes: StackOptions['processes'] = {}): Promise<Platform> {
  const stack = await startStack({ processes })
  onTestFinished(async () => void (await stack.stop()))
  const file = join(stack.home, 'installation.json')
  // Written by `up`, see installationFile.ts.
  const installation = JSON.parse(readFileSync(file, 'utf8')) as Installation
  const { databaseUrl } = installation
  const database = openDatabase({ databaseUrl, poolSize: 2, applicationName: 'test' })
  onTestFinished(() => database.close())
  return { stack, installation, database }
}

function expectNothingLost({ ends, report }: Outcome): void {
  expect(ends.lost, 'answered ESME_ROK and lost').toEqual([])
  expect(ends.withoutReceipt, 'without receipt').toEqual([])
  expect(report.reconnects).toBe(0)
}

/** Resolves when the figure has grown by more than the stopped process can have contributed. */
async function untilProgress(figure: () => number | Promise<number>): Promise<void> {
  const before = await figure()
  await vi.waitUntil(async () => (await figure()) > before + PROGRESS, {
    timeout: RESUMED_WITHIN_MS,
    interval: 200,
  })
}

function delivered(database: Database): Promise<number> {
  return count(database, 'select count(*)::int as count from messages where state = 2')
}

test('receipts continue while one of two dlr-processors is stopped in a transaction', async () => {
  const { stack, database } = await startPlatform({ dlr: 2 })
  const kind = { component: 'dlr', query: '.', heldUpAt: 'messages' } as const
  const outcome = await amidTraffic(stack, TRAFFIC, () =>
    stopInTransaction(database, kind, stack.pidOf('dlr'), async () => {
      await untilReleased(database, kind)
      await untilProgress(() => delivered(database))
    }),
  )
  expectNothingLost(outcome)
})

async function untilReleased(...given: Parameters<typeof pausedTransactions>): Promise<void> {
  await vi.waitUntil(async () => (await pausedTransactions(...given)) === 0, {
    timeout: RELEASED_WITHIN_MS,
    interval: 200,
  })
}

/**
 * High enough that all five submissions of a message are sometimes throttled. Such a message waits
 * in the database.
 */
const THROTTLE_RATE = 0.6
/**
 * This traffic is longer, because catching a worker in the middle of a transaction takes a while.
 */
const LONG_TRAFFIC = { ...TRAFFIC, messages: 20_000, messagesPerSecond: 400 }

test('one worker submits while the other is stopped as it writes outcomes', async () => {
  const { stack, database } = await startPlatform({ workers: 2 })
  const witness = await throttlingSmsc(stack)
  const kind = { component: 'workers', query: 'insert into later', heldUpAt: 'later' } as const
  const outcome = await amidTraffic(stack, { ...LONG_TRAFFIC, witness }, () =>
    stopInTransaction(database, kind, stack.pidOf('workers'), async () => {
      await untilReleased(database, kind)
      await untilProgress(() => delivered(database))
    }),
  )
  expectNothingLost(outcome)
})

/**
 * Starts a throttling SMSC in place of the simulator of `up`, and waits for a bind from each
 * worker. Resolves to its witness file.
 */
async function throttlingSmsc(stack: Stack): Promise<string> {
  const file = join(stack.home, 'throttling.ndjson')
  const account = { systemId: 'test', password: 'test' }
  let binds = 0
  const options = { ...SMSC_DEFAULTS, ...account, port: 0, throttleRate: THROTTLE_RATE, file }
  const smsc = await SmscSimulator.start({ ...options, onBinds: (open) => (binds = open) })
  onTestFinished(() => smsc.close())
  const { host, port } = { host: '127.0.0.1', port: smsc.port }
  await changePlatform(stack.ready.admin, (platform) => ({
    ...platform,
    connectors: platform.connectors.map((connector) => ({
      ...connector,
      ...account,
      host,
      port,
      throttlePauseMs: 10,
    })),
  }))
  await vi.waitUntil(() => binds === 2, READY_WITHIN_MS)
  return file
}

test('stopping each of two routers in turn loses no message', async () => {
  const { stack } = await startPlatform({ router: 2 })
  const outcome = await amidTraffic(stack, TRAFFIC, async (flow) => {
    // One router serves all messages of an account while it runs, so each router has to be stopped
    // once.
    for (const name of ['router', 'router-2'])
      await stopWhile(stack.pidOf(name), () => untilProgress(flow.answered))
  })
  expectNothingLost(outcome)
  // The customer sends a message again if the gateway refused it at its deadline. A router that was
  // stopped in the middle of its publish may have accepted the first copy.
  expect(outcome.ends.duplicated.length).toBeLessThanOrEqual(await unknownOutcomes(stack))
})

/** Messages that the gateway refused without knowing whether a router had accepted them. */
async function unknownOutcomes({ ready }: Stack): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${ready.ports['gateway']}/metrics`)
  const figure = /^signalbox_gateway_unknown_outcome_messages_total\S* (\d+)$/m
  return Number(figure.exec(await answer.text())?.[1] ?? 0)
}

/**
 * Shorter than in TRAFFIC, because the load never gets the receipts that go to the second customer.
 */
const ELSEWHERE_WITHIN_MS = 60_000

test('receipts come through the other gateway while one of two is stopped', async () => {
  const { stack, installation, database } = await startPlatform()
  const second = await startGateway(stack, installation)
  const traffic = { ...TRAFFIC, receiptsWithinMs: ELSEWHERE_WITHIN_MS }
  const outcome = await amidTraffic(stack, traffic, (flow) =>
    stopWhile(second.pid, async () => {
      await untilProgress(flow.answered)
      await untilProgress(() => acknowledged(database))
    }),
  )
  const { ends, report } = outcome
  const missing = ends.withoutReceipt.filter((id) => second.customer.stats(id).length === 0)
  expectNothingLost({ ...outcome, ends: { ...ends, withoutReceipt: missing } })
  expect([...report.answers.keys()]).toEqual(['ESME_ROK'])
  // Some receipts went to the customer of the second gateway.
  expect(ends.withoutReceipt.length).toBeGreaterThan(0)
})

function acknowledged(database: Database): Promise<number> {
  return count(
    database,
    `select ((select count(*) from outbox_acknowledged)
      + (select coalesce(sum(length(message_ids) / 16), 0) from acknowledged_chunks)
      )::int as count`,
  )
}

/**
 * Starts a second gateway, as if on another host, and binds a customer with the same user to it.
 */
async function startGateway({ home, ready }: Stack, { databaseUrl, clusterToken }: Installation) {
  const smppPort = await freePort(0, '127.0.0.1')
  const child = spawn(process.execPath, [MAIN, 'gateway'], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      SIGNALBOX_HOME: join(home, 'second'),
      SIGNALBOX_INSTANCE: 'second-gateway',
      SIGNALBOX_SMPP_PORT: String(smppPort),
      SIGNALBOX_HTTP_PORT: '0',
      SIGNALBOX_HEALTH_PORT: '0',
      SIGNALBOX_CLUSTER_TOKEN: clusterToken,
    },
    stdio: 'ignore',
  })
  const ended = once(child, 'close')
  const customer = new Customer()
  onTestFinished(async () => {
    await customer.unbind().catch(() => undefined)
    child.kill('SIGTERM')
    await ended
  })
  const { systemId = '', password = '' } = ready.smpp
  const place = { host: '127.0.0.1', port: smppPort, systemId, password }
  const bound = () =>
    customer.bind(place).then(
      () => true,
      () => false,
    )
  await vi.waitUntil(bound, { timeout: READY_WITHIN_MS, interval: 200 })
  return { pid: child.pid ?? 0, customer }
}
