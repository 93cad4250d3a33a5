import { handlersOfAll, REQUESTS } from './agreeable.fixture.ts'
import { decodePdu, encodePdu } from '../wire/codec.ts'
import { Framer } from '../session/framer.ts'
import { MessageReader, type MessageCounts } from './fuzzMessages.fixture.ts'
import { INTERFACE_VERSION } from '../wire/interfaceVersion.ts'
import { MemorySocket } from './memorySocket.fixture.ts'
import { mutatedPdu } from './mutatedPdus.fixture.ts'
import type { BindBody, Pdu } from '../wire/pduTable.ts'
import { Session } from '../session/session.ts'
import type { SessionEvents, SessionSettings } from '../session/sessionSettings.ts'
import { MAX_PDU_OCTETS } from '../session/sessionDefaults.ts'
import { readTlv, tlvName } from '../wire/tlv.ts'

const BATCH = 40
const BIND: BindBody = {
  system_id: 'esme1',
  password: 'secret',
  system_type: '',
  interface_version: INTERFACE_VERSION.V5_0,
  addr_ton: 0,
  addr_npi: 0,
  address_range: '',
}
const BIND_PDU = encodePdu({
  command: 'bind_transceiver',
  command_status: 0,
  sequence_number: 1,
  ...BIND,
})
const BIND_RESP = encodePdu({
  command: 'bind_transceiver_resp',
  command_status: 0,
  sequence_number: 1,
  system_id: 'MC',
  tlvs: [{ tag: 0x0210, octets: Buffer.of(INTERFACE_VERSION.V5_0) }],
})

export interface FuzzCounts extends MessageCounts {
  /** The number of mutated PDUs that were sent to a session. */
  pdus: number
  sessions: number
  /** The number of requests that reached a handler. */
  handled: number
  /** The number of outcomes of our own requests. */
  outcomes: number
  /** The number of PDUs that the sessions wrote. All of them could be decoded. */
  written: number
  octetsHeldMax: number
}

/**
 * Sends mutated PDUs to sessions of both sides, in chunks of random sizes, until `isDone` returns
 * true. Throws at the first failure: an exception, a written PDU that cannot be decoded, a decoded
 * PDU that is encoded to other octets, too many octets held, or a message that cannot be read.
 */
export async function fuzzSessions(
  random: () => number,
  isDone: (counts: Readonly<FuzzCounts>) => boolean,
): Promise<FuzzCounts> {
  const counts: FuzzCounts = {
    pdus: 0,
    sessions: 0,
    handled: 0,
    outcomes: 0,
    written: 0,
    octetsHeldMax: 0,
    messages: 0,
    receipts: 0,
    joined: 0,
    incomplete: 0,
  }
  const victims = [new Victim('mc', random, counts), new Victim('esme', random, counts)]
  try {
    while (!isDone(counts)) {
      for (const victim of victims) victim.feed()
      // During this pause, answers are written, requests time out, and held octets are read.
      await new Promise(setImmediate)
    }
    for (const victim of victims) victim.endMessages()
  } finally {
    for (const victim of victims) victim.end()
  }
  return counts
}

/** A session that receives mutated PDUs. When it closes, a new session replaces it. */
class Victim {
  readonly #side: 'mc' | 'esme'
  readonly #random: () => number
  readonly #counts: FuzzCounts
  readonly #messages: MessageReader
  #socket = new MemorySocket()
  #session: Session | undefined

  constructor(side: 'mc' | 'esme', random: () => number, counts: FuzzCounts) {
    this.#side = side
    this.#random = random
    this.#counts = counts
    this.#messages = new MessageReader(random, counts)
  }

  feed(): void {
    // A session that waits for the rest of a PDU no longer handles requests. Replacing some
    // sessions at random ends this wait.
    if (!this.#session || this.#session.state === 'CLOSED' || this.#random() < 0.05) this.#begin()
    const pdus = Array.from({ length: BATCH }, () => mutatedPdu(this.#random))
    for (const pdu of pdus) {
      checkCodec(pdu)
      this.#messages.read(pdu)
    }
    this.#counts.pdus += pdus.length
    this.#ask()
    const octets = Buffer.concat(pdus)
    for (let at = 0; at < octets.length;) {
      const to = at + 1 + Math.floor(this.#random() ** 3 * octets.length)
      this.#socket.receive(octets.subarray(at, to))
      this.#checkHeld(octets.length)
      at = to
    }
  }

  /** Checks that each part of a message was handed out. */
  endMessages(): void {
    this.#messages.end()
  }

  end(): void {
    this.#socket.destroy()
  }

  #begin(): void {
    this.#socket.destroy()
    this.#counts.sessions++
    this.#socket = new MemorySocket()
    this.#socket.onWritten = whole(this.#counts)
    this.#session = new Session(this.#socket.asSocket(), this.#settings())
    // Some peers do not bind first.
    if (this.#random() < 0.1) return
    if (this.#side === 'esme') this.#session.requestBind('bind_transceiver', BIND, () => undefined)
    this.#socket.receive(this.#side === 'mc' ? BIND_PDU : BIND_RESP)
  }

  #settings(): SessionSettings {
    return {
      side: this.#side,
      interfaceVersion: INTERFACE_VERSION.V5_0,
      versionWhenUntold: INTERFACE_VERSION.V3_4,
      events: this.#events(),
      timers: {
        sessionInitTimeoutMs: 0,
        enquireLinkIntervalMs: 50,
        responseTimeoutMs: 20,
        inactivityTimeoutMs: 0,
      },
      windowSize: 10,
      maxPduOctets: MAX_PDU_OCTETS,
      systemId: 'MC',
    }
  }

  #events(): SessionEvents {
    const answer = handlersOfAll((session, pdu) => {
      this.#counts.handled++
      const commandStatus = this.#random() < 0.5 ? 0 : 8
      if (this.#random() < 0.9) session.respond(pdu, commandStatus)
      else setImmediate(() => session.respond(pdu, commandStatus))
    })
    return {
      onBind: (session, pdu) => {
        if (this.#random() < 0.9) session.acceptBind(pdu)
        else setImmediate(() => session.acceptBind(pdu))
      },
      requests: answer,
      onMalformed: () => undefined,
      onAlertNotification: () => undefined,
      onOutbind: () => undefined,
    }
  }

  /** Sends a few requests, so that some mutated responses match a request. */
  #ask(): void {
    for (const command of REQUESTS) {
      if (this.#random() > 0.2) continue
      const fields =
        command === 'submit_multi'
          ? { dest_address: [{ dest_flag: 2, dl_name: 'all' } as const] }
          : {}
      this.#session?.request(command, fields, () => this.#counts.outcomes++)
    }
  }

  #checkHeld(chunkOctets: number): void {
    const held = this.#session?.octetsHeld ?? 0
    this.#counts.octetsHeldMax = Math.max(this.#counts.octetsHeldMax, held)
    if (held > 2 * MAX_PDU_OCTETS + chunkOctets) throw new Error(`the session holds ${held} octets`)
  }
}

/** Returns a check that a session writes only complete PDUs that can be decoded. */
function whole(counts: FuzzCounts): (chunk: Buffer) => void {
  const framer = new Framer(MAX_PDU_OCTETS)
  return (chunk) => {
    framer.push(chunk)
    for (;;) {
      const found = framer.next()
      if (found === 'broken') throw new Error('a session wrote octets that cannot be framed')
      if (found === 'incomplete') break
      const decoded = decodePdu(framer.octets, framer.start, framer.end)
      if (decoded.kind === 'malformed')
        throw new Error(`a session wrote a malformed PDU: ${decoded.reason}`)
      counts.written++
    }
    if (framer.hasPartial) throw new Error('a session wrote an incomplete PDU')
  }
}

/** Checks that a decoded PDU is encoded to the same octets. */
function checkCodec(octets: Buffer): void {
  const decoded = decodePdu(octets, 0, octets.length)
  if (decoded.kind === 'malformed') return
  readTlvs(decoded.pdu)
  const encoded = encodePdu(decoded.pdu)
  if (!encoded.equals(octets))
    throw new Error(`${octets.toString('hex')} is encoded as ${encoded.toString('hex')}`)
}

function readTlvs(pdu: Pdu): void {
  if (!pdu.tlvs) return
  for (const { tag } of pdu.tlvs) {
    const name = tlvName(tag)
    if (name) readTlv(pdu.tlvs, name)
  }
}
