// Runs a client and an SMSC of another implementation (npm `smpp`) against the whole platform.

import { connect as connectOther, createServer } from 'smpp'
import type { Pdu, Server, Session } from 'smpp'
import { expect, onTestFinished, test } from 'vitest'
import { adminCall } from './adminCall.ts'
import { type Stack, startStack } from './stack.ts'

const MESSAGES = 1000
const WINDOW = 100
const REGISTERED_DELIVERY_FINAL = 1
const ESM_CLASS_RECEIPT = 4
const ESME_RINVDSTADR = 0x0b

async function stackOf(options: Parameters<typeof startStack>[0]): Promise<Stack> {
  const stack = await startStack(options)
  onTestFinished(async () => void (await stack.stop()))
  return stack
}

function connect(host: string, port: number): Promise<Session> {
  return new Promise((resolve, reject) => {
    const session = connectOther({ url: `smpp://${host}:${port}` })
    session.on('connect', () => resolve(session))
    session.on('error', reject)
    onTestFinished(() => session.destroy())
  })
}

function bindTransceiver(session: Session, system_id: string, password: string): Promise<Pdu> {
  return new Promise((resolve) => session.bind_transceiver({ system_id, password }, resolve))
}

interface Exchange {
  /** The message_id of each accepted message, by destination. */
  accepted: Map<string, string>
  /** The message_id in the latest receipt from each destination. */
  receipts: Map<string, string>
  /** All receipts, including repeated ones. */
  receiptCount: number
  statuses: Set<number>
}

/** Sends messages with a full window and waits until each one has its receipt. */
function exchange(session: Session, count: number): Promise<Exchange> {
  const seen: Exchange = {
    accepted: new Map(),
    receipts: new Map(),
    receiptCount: 0,
    statuses: new Set(),
  }
  let sent = 0
  return new Promise((resolve) => {
    const finish = () => {
      if (seen.statuses.size > 1 || seen.receipts.size + seen.statuses.size > count) resolve(seen)
    }
    const next = (): void => {
      if (sent === count) return
      const destination_addr = `3161${String(1_000_000 + sent++)}`
      session.submit_sm(
        {
          source_addr: 'shop',
          destination_addr,
          registered_delivery: REGISTERED_DELIVERY_FINAL,
          short_message: `message to ${destination_addr}`,
        },
        (pdu) => {
          seen.statuses.add(pdu.command_status)
          seen.accepted.set(destination_addr, pdu.message_id ?? '')
          next()
          finish()
        },
      )
    }
    session.on('deliver_sm', (pdu) => {
      session.send(pdu.response())
      seen.receiptCount++
      // This library keeps the NUL of a C-octet string in a TLV.
      const id = (pdu.receipted_message_id ?? '').replace(/\0$/, '')
      seen.receipts.set(pdu.source_addr ?? '', id)
      finish()
    })
    for (let i = 0; i < WINDOW; i++) next()
  })
}

test('npm smpp as a client sends 1,000 messages and gets 1,000 matching receipts', async () => {
  const { ready } = await stackOf({})
  const session = await connect(ready.smpp.host, ready.smpp.port)
  const { password = '', systemId = '' } = ready.smpp
  expect((await bindTransceiver(session, systemId, password)).command_status).toBe(0)
  const { accepted, receipts, receiptCount, statuses } = await exchange(session, MESSAGES)
  expect([...statuses]).toEqual([0])
  expect(accepted.size).toBe(MESSAGES)
  expect(new Set(accepted.values()).size).toBe(MESSAGES)
  expect(receipts).toEqual(accepted)
  expect(receiptCount).toBe(MESSAGES)
})

/** An SMSC that numbers the messages it accepts, and sends each receipt just after its answer. */
async function smscOfAnotherMake() {
  const taken = new Map<string, Pdu>()
  const sessions = new Set<Session>()
  const server: Server = createServer((session) => {
    sessions.add(session)
    session.on('bind_transceiver', (pdu) => {
      const ok = pdu.system_id === 'upstream' && pdu.password === 'secret'
      session.send(pdu.response({ command_status: ok ? 0 : 0x0d }))
    })
    session.on('submit_sm', (pdu) => {
      const id = String(5_000_000_000 + taken.size)
      taken.set(id, pdu)
      session.send(pdu.response({ message_id: id }))
      setImmediate(() => sendReceipt(session, id, pdu))
    })
    session.on('enquire_link', (pdu) => session.send(pdu.response()))
    session.on('unbind', (pdu) => {
      session.send(pdu.response())
      session.close()
    })
    session.on('error', () => session.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { port: server.address().port, taken }
}

function sendReceipt(session: Session, id: string, submitted: Pdu): void {
  const text =
    `id:${id} sub:001 dlvrd:001 submit date:2611231200 done date:2611231201 ` +
    'stat:DELIVRD err:000 text:'
  session.deliver_sm(
    {
      source_addr: submitted.destination_addr,
      destination_addr: submitted.source_addr,
      esm_class: ESM_CLASS_RECEIPT,
      short_message: text,
    },
    () => undefined,
  )
}

test('npm smpp as the SMSC accepts 1,000 messages, and the client gets its receipts', async () => {
  const smsc = await smscOfAnotherMake()
  const { ready } = await stackOf({ args: ['--no-demo'] })
  await adminCall(ready.admin, 'POST', '/admin/v1/platform/apply', {
    accounts: [{ id: 'bank' }],
    users: [{ id: 'bank', account: 'bank', password: 'longpass' }],
    connectors: [
      {
        id: 'carrier',
        host: '127.0.0.1',
        port: smsc.port,
        systemId: 'upstream',
        password: 'secret',
        binds: 2,
        window: 50,
        tps: 5000,
      },
    ],
    routeTable: { routes: [{ prefix: '31', connector: 'carrier' }] },
  })
  // Components apply the change within a second. Until then the user is unknown.
  const session = await boundWithin(ready.smpp, 'bank', 'longpass')
  await routerKnowsAccount(session)
  const { accepted, receipts, receiptCount, statuses } = await exchange(session, MESSAGES)
  expect([...statuses]).toEqual([0])
  expect(receipts).toEqual(accepted)
  expect(receiptCount).toBe(MESSAGES)
  expect(smsc.taken.size).toBe(MESSAGES)
  const destinations = [...smsc.taken.values()].map((pdu) => pdu.destination_addr)
  expect(new Set(destinations)).toEqual(new Set(accepted.keys()))
})

/**
 * Resolves when the router knows the account, which may be a moment later than the gateway. Such a
 * router refuses a destination without a route; until then, every message is throttled.
 */
async function routerKnowsAccount(session: Session): Promise<void> {
  const submission = { source_addr: 'shop', destination_addr: '4915112345678', short_message: 'x' }
  const status = () =>
    new Promise<number>((resolve) =>
      session.submit_sm(submission, ({ command_status }) => resolve(command_status)),
    )
  await expect.poll(status, { timeout: 10_000, interval: 100 }).toBe(ESME_RINVDSTADR)
}

/** Binds as soon as the gateway knows the user. */
async function boundWithin(
  { host, port }: { host: string; port: number },
  systemId: string,
  password: string,
): Promise<Session> {
  let bound: Session | undefined
  await expect
    .poll(
      async () => {
        bound = await connect(host, port)
        return (await bindTransceiver(bound, systemId, password)).command_status
      },
      { timeout: 10_000, interval: 200 },
    )
    .toBe(0)
  if (!bound) throw new Error('never bound')
  return bound
}
