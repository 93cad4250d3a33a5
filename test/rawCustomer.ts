import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { decodePdu, encodePdu, ESME_ROK, parseReceipt } from '../src/smpp/index.ts'
import type { Pdu } from '../src/smpp/index.ts'
import type { CustomerPlace } from './customer.ts'

const HEADER_OCTETS = 16

export interface RawCustomerEvents {
  /** Called after a receipt was acknowledged, with its message_id. */
  onReceipt(messageId: string): void
  onClosed(reason: string): void
}

/** A bind that sends any octets and states any interface_version. */
export class RawCustomer {
  readonly #socket: Socket
  readonly #events: RawCustomerEvents
  readonly #pending = new Map<number, (answer: Pdu) => void>()
  #held: Buffer = Buffer.alloc(0)
  #sequence = 0
  #isLeaving = false

  /** Rejects if the bind is refused. */
  static async bind(
    { host, password, port, systemId }: CustomerPlace,
    interfaceVersion: number,
    events: RawCustomerEvents,
  ): Promise<RawCustomer> {
    const socket = connect({ host, port, noDelay: true })
    await once(socket, 'connect')
    const customer = new RawCustomer(socket, events)
    const { command_status } = await customer.#send('bind_transceiver', {
      system_id: systemId,
      password,
      system_type: '',
      interface_version: interfaceVersion,
      addr_ton: 0,
      addr_npi: 0,
      address_range: '',
    })
    if (command_status === ESME_ROK) return customer
    customer.close()
    throw new Error(`the bind was refused with ${command_status}`)
  }

  private constructor(socket: Socket, events: RawCustomerEvents) {
    this.#socket = socket
    this.#events = events
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => undefined) // 'close' follows
    socket.on('close', () => {
      if (!this.#isLeaving) events.onClosed('the gateway closed the connection')
    })
  }

  get unanswered(): number {
    return this.#pending.size
  }

  request(commandId: number, body: Buffer, onAnswer: (answer: Pdu) => void): void {
    const header = Buffer.alloc(HEADER_OCTETS)
    header.writeUInt32BE(HEADER_OCTETS + body.length)
    header.writeUInt32BE(commandId, 4)
    header.writeUInt32BE(++this.#sequence, 12)
    this.#pending.set(this.#sequence, onAnswer)
    this.#socket.write(Buffer.concat([header, body]))
  }

  close(): void {
    this.#isLeaving = true
    this.#socket.destroy()
  }

  #send(command: 'bind_transceiver', fields: object): Promise<Pdu> {
    const sequence_number = ++this.#sequence
    // The caller gives all fields of the command.
    const pdu = { command, command_status: ESME_ROK, sequence_number, ...fields } as Pdu
    return new Promise((resolve, reject) => {
      this.#pending.set(sequence_number, resolve)
      this.#socket.once('close', () => reject(new Error('closed before the bind was answered')))
      this.#socket.write(encodePdu(pdu))
    })
  }

  #read(chunk: Buffer): void {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    while (rest.length >= 4 && rest.length >= rest.readUInt32BE()) {
      const length = rest.readUInt32BE()
      const decoded = decodePdu(rest, 0, length)
      rest = rest.subarray(length)
      if (decoded.kind === 'pdu') this.#receive(decoded.pdu)
      else this.#events.onClosed(`the gateway sent a malformed PDU: ${decoded.reason}`)
    }
    this.#held = Buffer.from(rest)
  }

  #receive(pdu: Pdu): void {
    const { sequence_number } = pdu
    if (pdu.command === 'deliver_sm') {
      const answer = { command: 'deliver_sm_resp', message_id: '', tlvs: [] } as const
      this.#socket.write(encodePdu({ ...answer, command_status: ESME_ROK, sequence_number }))
      this.#events.onReceipt(parseReceipt(pdu)?.id ?? '')
    } else if (pdu.command === 'enquire_link') {
      const answer = { command: 'enquire_link_resp', command_status: ESME_ROK, tlvs: [] } as const
      this.#socket.write(encodePdu({ ...answer, sequence_number }))
    } else {
      const onAnswer = this.#pending.get(sequence_number)
      this.#pending.delete(sequence_number)
      onAnswer?.(pdu)
    }
  }
}
