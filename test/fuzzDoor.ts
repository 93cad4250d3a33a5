// Sends odd requests through the gateway of a whole platform to SMSCs of three versions. Every
// accepted message must reach a final state within a minute. No process may end, and an ordinary
// customer on the same platform must not be affected.

import { setTimeout as delay } from 'node:timers/promises'
import { runLoad } from '../src/lab/loadGenerator.ts'
import type { LoadReport } from '../src/lab/loadReport.ts'
import { seededRandom } from '../src/lab/seededRandom.ts'
import { wantsReceipt } from '../src/message/messageProgress.ts'
import {
  commandStatusName,
  decodeBody,
  ESME_ROK,
  INTERFACE_VERSION,
  MESSAGE_STATE,
} from '../src/smpp/index.ts'
import type { Pdu } from '../src/smpp/index.ts'
import { DoorStack } from './doorStack.ts'
import { type OddRequest, oddRequest } from './oddRequests.ts'
import { RawCustomer } from './rawCustomer.ts'

export interface FuzzDoorOptions {
  readonly count: number
  readonly seed: number
  /** Requests per second. */
  readonly rate: number
  onProgress(what: string): void
}

export interface FuzzDoorReport {
  readonly sent: number
  readonly accepted: number
  /** Requests by the name of the command_status that answered them. */
  readonly answers: ReadonlyMap<string, number>
  /** Accepted messages by the state in which they ended. */
  readonly states: ReadonlyMap<string, number>
  /** Promises that did not hold; empty if all of them held. */
  readonly faults: readonly string[]
  /** Messages that each SMSC accepted, by its version. */
  readonly submitted: ReadonlyMap<string, number>
  readonly longestMs: number
  readonly ordinary: readonly LoadReport[]
}

/**
 * Every interface_version that SMPP defines, and other octets that the gateway treats as one of
 * them.
 */
const STATED_VERSIONS = [...Object.values(INTERFACE_VERSION), 0x00, 0x41, 0xff]
const WINDOW = 50
const TICK_MS = 10
const PROGRESS_MS = 10_000
const END_WITHIN_MS = 60_000
const ORDINARY_PER_SECOND = 20
const IDS_AT_ONCE = 10_000
const SUBMIT_SM = 0x04

export async function fuzzDoor(options: FuzzDoorOptions): Promise<FuzzDoorReport> {
  const door = await DoorStack.start()
  try {
    return await new DoorFuzz(door, options).run()
  } finally {
    await door.stop()
  }
}

class DoorFuzz {
  readonly #door: DoorStack
  readonly #options: FuzzDoorOptions
  readonly #random: () => number
  readonly #faults: string[] = []
  readonly #answers = new Map<string, number>()
  readonly #accepted: string[] = []
  /** Accepted messages whose requested receipt has not arrived yet. */
  readonly #owed = new Set<string>()
  /** Receipts that arrived before the answer to their message, or that were not requested. */
  readonly #early = new Set<string>()
  #sent = 0
  /** All accepted messages before this index are known to be in a final state. */
  #endedBefore = 0

  constructor(door: DoorStack, options: FuzzDoorOptions) {
    this.#door = door
    this.#options = options
    this.#random = seededRandom(options.seed)
  }

  async run(): Promise<FuzzDoorReport> {
    const { pids } = this.#door.stack
    const before = JSON.stringify(pids())
    const ordinaryEnd = new AbortController()
    const ordinary = Promise.all(this.#ordinaryLoads(ordinaryEnd.signal))
    const customers = await this.#bindAll()
    await this.#sendAll(customers)
    await this.#untilEnded(customers)
    ordinaryEnd.abort()
    const reports = await ordinary
    for (const report of reports) this.#checkOrdinary(report)
    for (const customer of customers) customer.close()
    if (JSON.stringify(pids()) !== before) this.#faults.push('a process was restarted')
    for (const { version, stats } of this.#door.smscs) {
      const { accepted, misfits } = stats()
      if (misfits > 0)
        this.#faults.push(`the ${version} SMSC got ${misfits} requests it cannot handle`)
      if (accepted === 0) this.#faults.push(`the ${version} SMSC accepted no message`)
    }
    return {
      sent: this.#sent,
      accepted: this.#accepted.length,
      answers: this.#answers,
      states: await this.#states(),
      faults: this.#faults,
      submitted: new Map(this.#door.smscs.map(({ version, stats }) => [version, stats().accepted])),
      longestMs: await this.#longestMs(),
      ordinary: reports,
    }
  }

  #ordinaryLoads(signal: AbortSignal): Promise<LoadReport>[] {
    return this.#door.smscs.map(({ prefix, user }) =>
      runLoad({
        ...this.#door.placeOf(user),
        sessions: 1,
        windowSize: 50,
        // Longer than any run; the signal ends it.
        durationMs: 24 * 3_600_000,
        rate: ORDINARY_PER_SECOND,
        destination: `${prefix}9#######`,
        registeredDelivery: 1,
        receiptsWithinMs: END_WITHIN_MS,
        signal,
      }),
    )
  }

  #bindAll(): Promise<RawCustomer[]> {
    const events = {
      onReceipt: (id: string) => {
        if (!this.#owed.delete(id)) this.#early.add(id)
      },
      onClosed: (reason: string) => void this.#faults.push(reason),
    }
    return Promise.all(
      STATED_VERSIONS.map((version) =>
        RawCustomer.bind(this.#door.placeOf('odd'), version, events),
      ),
    )
  }

  /**
   * Sends the requests at the given rate, each on the bind with the fewest unanswered requests. A
   * bind has at most WINDOW unanswered requests.
   */
  async #sendAll(customers: readonly RawCustomer[]): Promise<void> {
    const { count, onProgress, rate } = this.#options
    const prefixes = this.#door.smscs.map(({ prefix }) => prefix)
    const startMs = performance.now()
    let shownMs = startMs
    let held = 0
    while (this.#sent < count && this.#faults.length === 0) {
      await delay(TICK_MS)
      const nowMs = performance.now()
      const due = Math.min(count, ((nowMs - startMs) * rate) / 1_000 - held)
      while (this.#sent < due) {
        const customer = customers.find(({ unanswered }) => unanswered < WINDOW)
        if (!customer) break
        this.#send(freest(customers), oddRequest(this.#random, prefixes))
      }
      // Time lost to full windows is not made up for later.
      if (this.#sent < due) held += due - this.#sent
      if (nowMs - shownMs < PROGRESS_MS) continue
      shownMs = nowMs
      onProgress(`${this.#sent} sent, ${this.#accepted.length} accepted, ${this.#owed.size} owed`)
    }
  }

  #send(customer: RawCustomer, { body, commandId }: OddRequest): void {
    this.#sent++
    customer.request(commandId, body, (answer) => {
      const name = commandStatusName(answer.command_status)
      this.#answers.set(name, (this.#answers.get(name) ?? 0) + 1)
      if (answer.command_status === ESME_ROK) this.#accept(commandId, body, answer)
    })
  }

  #accept(commandId: number, body: Buffer, answer: Pdu): void {
    if (commandId !== SUBMIT_SM || answer.command !== 'submit_sm_resp') {
      this.#faults.push(`accepted an unsupported command: ${body.toString('hex')}`)
      return
    }
    const { message_id: id } = answer
    this.#accepted.push(id)
    const { registered_delivery: asked } = decodeBody('submit_sm', body)
    const isOwed = [MESSAGE_STATE.DELIVERED, MESSAGE_STATE.UNDELIVERABLE].every((state) =>
      wantsReceipt(asked, state),
    )
    if (isOwed && !this.#early.delete(id)) this.#owed.add(id)
  }

  /**
   * Waits until every request is answered, every accepted message is in a final state and every
   * receipt has arrived. Records a fault for whatever is still missing after the time limit.
   */
  async #untilEnded(customers: readonly RawCustomer[]): Promise<void> {
    const deadlineMs = Date.now() + END_WITHIN_MS
    const waits = async () => [
      customers.reduce((sum, { unanswered }) => sum + unanswered, 0),
      await this.#unended(),
      this.#owed.size,
    ]
    let left = await waits()
    while (left.some((count) => count > 0) && Date.now() < deadlineMs) {
      await delay(500)
      left = await waits()
    }
    const [unanswered = 0, unended = 0, owed = 0] = left
    if (unanswered > 0) this.#faults.push(`${unanswered} requests were not answered`)
    if (unended > 0) this.#faults.push(`${unended} accepted messages reached no final state`)
    if (owed > 0) this.#faults.push(`${owed} receipts did not arrive`)
  }

  /** Counts the accepted messages that the database lacks or does not hold in a final state. */
  async #unended(): Promise<number> {
    let unended = 0
    for (let from = this.#endedBefore; from < this.#accepted.length; from += IDS_AT_ONCE) {
      const ids = this.#accepted.slice(from, from + IDS_AT_ONCE)
      const text = `select count(*) from messages
        where message_id = any($1::uuid[]) and state not in (0, 1, 7)`
      unended += ids.length - Number(await this.#first(text, [ids]))
      if (unended === 0) this.#endedBefore = from + ids.length
    }
    return unended
  }

  async #longestMs(): Promise<number> {
    const text = `select extract(epoch from max(done_at - accepted_at)) * 1000
      from messages where account = 'odd'`
    const longestMs = Math.round(Number(await this.#first(text, [])))
    if (longestMs > END_WITHIN_MS)
      this.#faults.push(`one message took ${longestMs} ms to reach its final state`)
    return longestMs
  }

  async #states(): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.#door.database.pool.query<{ state: number; count: number }>(
      `select state, count(*)::int as count from messages where account = 'odd' group by state`,
    )
    const names = new Map<number, string>(
      Object.entries(MESSAGE_STATE).map(([name, state]) => [state, name]),
    )
    return new Map(rows.map(({ count, state }) => [names.get(state) ?? String(state), count]))
  }

  async #first(text: string, values: readonly unknown[]): Promise<unknown> {
    const { pool } = this.#door.database
    const { rows } = await pool.query({ text, values: [...values], rowMode: 'array' })
    return rows[0]?.[0]
  }

  #checkOrdinary({ complete, reconnects, refused, unknown }: LoadReport): void {
    if (refused.size > 0)
      this.#faults.push(`the ordinary customer was refused: ${[...refused.keys()].join(', ')}`)
    if (unknown.length > 0) this.#faults.push('the ordinary customer got no answer')
    if (reconnects > 0) this.#faults.push('the ordinary customer lost its bind')
    if (!complete) this.#faults.push('the ordinary customer is missing receipts')
  }
}

function freest(customers: readonly RawCustomer[]): RawCustomer {
  return customers.reduce((best, one) => (one.unanswered < best.unanswered ? one : best))
}
