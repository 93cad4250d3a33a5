// One of two processes of a component is stopped: the other one goes on, nobody waits for a lock
// for long, and nothing that was answered is lost.

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
/** More than lies in the hands of the stopped one. */
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

/** Grows by what no stopped process could have brought any more. */
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

test('one of two dlr-processors is stopped inside a transaction: receipts go on', async () => {
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

/** Now and then all five answers to a message are throttled: it waits in the database. */
const THROTTLE_RATE = 0.6
/** It takes a while until a worker is caught in the middle of a transaction. */
const LONG_TRAFFIC = { ...TRAFFIC, messages: 20_000, messagesPerSecond: 400 }

test('one of two workers is stopped while it writes outcomes: the other submits', async () => {
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

/** Takes the place of the simulator of `up`, with a bind for each worker. Returns its file. */
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

test('one of two routers is stopped, and then the other: messages are taken once', async () => {
  const { stack } = await startPlatform({ router: 2 })
  const outcome = await amidTraffic(stack, TRAFFIC, async (flow) => {
    // All messages of an account go to one router while it is there.
    for (const name of ['router', 'router-2'])
      await stopWhile(stack.pidOf(name), () => untilProgress(flow.answered))
  })
  expectNothingLost(outcome)
  // A message that the gateway refused at its deadline is sent again by the customer, and a router
  // that was stopped in the middle of its publish may have taken the first one.
  expect(outcome.ends.duplicated.length).toBeLessThanOrEqual(await unknownOutcomes(stack))
})

/** Messages that the gateway refused without knowing what had become of them. */
async function unknownOutcomes({ ready }: Stack): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${ready.ports['gateway']}/metrics`)
  const figure = /^signalbox_gateway_unknown_outcome_messages_total\S* (\d+)$/m
  return Number(figure.exec(await answer.text())?.[1] ?? 0)
}

/** The load waits for all receipts, and some go to the other customer. */
const ELSEWHERE_WITHIN_MS = 60_000

test('one of two gateways is stopped: its receipts come through the other', async () => {
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
  // It had its share of them before.
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

/** As on another host, and a receiver of the same user is bound to it. */
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
