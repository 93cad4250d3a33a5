// Measures how fast waiting receipts are delivered to a customer. The customer submits as a
// transmitter. When all its receipts wait in the outbox, the customer binds one receiver that
// answers immediately, so that only the platform limits the rate. The gateway's window of
// deliver_sm is 100.
import { setTimeout as after } from 'node:timers/promises'
import { connectSmpp, encodeText, ESME_ROK } from '../src/smpp/index.ts'
import type { Session } from '../src/smpp/index.ts'
import { startStack } from '../test/stack.ts'
import type { BenchOptions } from './benchOptions.ts'
import { changePlatform, widened } from './changePlatform.ts'
import { figureOf } from './figure.ts'
import type { Figure } from './figure.ts'
import { cpuBetween, cpuFigures, platformUse } from './platformUse.ts'
import { readMetrics } from './readMetrics.ts'

const BENCH = 'receipts'
/** Converts the requested duration to a number of receipts. */
const RECEIPTS_PER_SECOND = 5_000
const SUBMIT_WINDOW = 500
const POLL_MS = 250
const READY_WITHIN_MS = 120_000
const RECEIVED_WITHIN_MS = 300_000
const TIMERS = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  responseTimeoutMs: 60_000,
  inactivityTimeoutMs: 0,
}

type Customer = Omit<Parameters<typeof connectSmpp>[0], 'command' | 'windowSize'>

export async function receipts({ seconds }: BenchOptions): Promise<Figure[]> {
  const stack = await startStack({})
  try {
    const { admin, ports, smpp } = stack.ready
    if (smpp.password === undefined) throw new Error('no demo account')
    await changePlatform(admin, widened)
    const customer: Customer = {
      host: smpp.host,
      port: smpp.port,
      system_id: smpp.systemId ?? '',
      password: smpp.password,
      timers: TIMERS,
    }
    const count = Math.round(seconds * RECEIPTS_PER_SECOND)
    await submit(customer, count)
    await untilPending(ports.exporters, count)
    const before = platformUse(stack.pids())
    const tookMs = await receive(customer, count)
    const cpu = cpuBetween(before, platformUse(stack.pids()))
    const figure = figureOf(BENCH)
    return [
      figure('received', (count * 1_000) / tookMs, 'receipts/s'),
      figure('receipts', count, 'receipts'),
      ...cpuFigures(BENCH, cpu, count),
    ]
  } finally {
    await stack.stop()
  }
}

async function submit(customer: Customer, count: number): Promise<void> {
  const session = await connectSmpp({
    ...customer,
    command: 'bind_transmitter',
    windowSize: SUBMIT_WINDOW,
  })
  let accepted = 0
  await new Promise<void>((resolve, reject) => {
    let sent = 0
    const fill = (): void => {
      while (sent < count && session.windowFree > 0) {
        submitOne(session, (isAccepted) => {
          if (!isAccepted) return reject(new Error('a submit_sm was not accepted'))
          accepted++
          if (accepted === count) return resolve()
          fill()
        })
        sent++
      }
    }
    fill()
  })
  await session.unbind()
}

function submitOne(session: Session, onEnd: (isAccepted: boolean) => void): void {
  const { data_coding, short_message: octets } = encodeText('A receipt for me')
  const fields = {
    source_addr_ton: 5,
    source_addr: 'Signalbox',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: '447700900123',
    registered_delivery: 1,
    data_coding,
    short_message: octets,
  }
  session.request('submit_sm', fields, (outcome) =>
    onEnd(outcome.kind === 'response' && outcome.pdu.command_status === ESME_ROK),
  )
}

async function untilPending(port: number | undefined, count: number): Promise<void> {
  if (port === undefined) throw new Error('the exporters have no health port')
  const deadlineMs = performance.now() + READY_WITHIN_MS
  while (((await readMetrics(port)).sum('signalbox_outbox_pending') ?? 0) < count) {
    if (performance.now() > deadlineMs) throw new Error('not all receipts reached the outbox')
    await after(POLL_MS)
  }
}

/** Milliseconds from the bind to the last receipt. */
async function receive(customer: Customer, count: number): Promise<number> {
  const startedMs = performance.now()
  let received = 0
  let onLast: () => void = () => undefined
  const all = new Promise<void>((resolve) => (onLast = resolve))
  const session = await connectSmpp({
    ...customer,
    command: 'bind_receiver',
    windowSize: 1,
    events: {
      requests: {
        deliver_sm: (from, pdu) => {
          from.respond(pdu, ESME_ROK)
          if (++received === count) onLast()
        },
      },
    },
  })
  const late = after(RECEIVED_WITHIN_MS, undefined, { ref: false }).then(() => {
    throw new Error(`${received} of ${count} receipts arrived in time`)
  })
  await Promise.race([all, late])
  const tookMs = performance.now() - startedMs
  await session.unbind()
  return tookMs
}
