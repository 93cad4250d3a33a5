import { encodeBody, encodePdu } from '../wire/codec.ts'
import type { BindCommand, Pdu } from '../wire/pduTable.ts'
import { INTERFACE_VERSION, type InterfaceVersion } from '../wire/interfaceVersion.ts'
import { rawClient, type RawPeer } from './rawPeer.fixture.ts'
import type { Session } from '../session/session.ts'
import type { SessionTimers } from '../session/sessionTimers.ts'
import { createSmppServer, type SmppServer } from '../endpoint/smppServer.ts'
import type { Tlv } from '../wire/tlv.ts'

export const TIMERS: SessionTimers = {
  sessionInitTimeoutMs: 0,
  enquireLinkIntervalMs: 0,
  responseTimeoutMs: 60_000,
  inactivityTimeoutMs: 0,
}

/** A queue of calls or events that a test can await one by one. */
export class Inbox<T> {
  readonly all: T[] = []
  #taken = 0
  #wake = () => {}

  readonly push = (one: T): void => {
    this.all.push(one)
    this.#wake()
  }

  async next(): Promise<T> {
    while (this.all.length <= this.#taken)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    // The loop above waits until this element exists.
    return this.all[this.#taken++] as T
  }
}

interface Bind {
  readonly session: Session
  readonly pdu: Pdu<BindCommand>
}

interface Request {
  readonly session: Session
  readonly pdu: Pdu<'submit_sm'>
  readonly body: Buffer
}

export interface ServedPeer {
  readonly server: SmppServer
  readonly port: number
  readonly peer: RawPeer
  /** The binds, requests and close reasons of the server's sessions. */
  readonly binds: Inbox<Bind>
  readonly requests: Inbox<Request>
  readonly closed: Inbox<string>
  /** Binds the peer and returns the server's session. */
  bound(fields?: Partial<Pdu<BindCommand>>): Promise<Session>
  stop(): Promise<void>
}

/** Starts a server with a window of 2 and connects one peer to it. */
export async function servePeer(
  timers: Partial<SessionTimers> = {},
  maxSessions = 10,
  interfaceVersion: InterfaceVersion = INTERFACE_VERSION.V5_0,
): Promise<ServedPeer> {
  const binds = new Inbox<Bind>()
  const requests = new Inbox<Request>()
  const closed = new Inbox<string>()
  const server = createSmppServer({
    events: {
      onBind: (session, pdu) => binds.push({ session, pdu }),
      requests: {
        submit_sm: (session, pdu, body) => requests.push({ session, pdu, body }),
      },
      onClosed: (_, reason) => closed.push(reason),
    },
    timers: { ...TIMERS, ...timers },
    windowSize: 2,
    maxSessions,
    interfaceVersion,
    systemId: 'Signalbox',
  })
  const { port } = await server.listen(0, '127.0.0.1')
  const peer = await rawClient(port)
  async function bound(fields: Partial<Pdu<BindCommand>> = {}): Promise<Session> {
    peer.send(bindPdu(fields))
    const { session, pdu } = await binds.next()
    session.acceptBind(pdu, 'MC')
    await peer.pdus(1)
    return session
  }
  async function stop(): Promise<void> {
    peer.close()
    await server.close()
  }
  return { server, port, peer, binds, requests, closed, bound, stop }
}

export function bindPdu(fields: Partial<Pdu<BindCommand>> = {}): Buffer {
  return encodePdu({
    command: 'bind_transceiver',
    command_status: 0,
    sequence_number: 1,
    system_id: 'esme1',
    password: 'secret',
    system_type: '',
    interface_version: 0x34,
    addr_ton: 0,
    addr_npi: 0,
    address_range: '',
    ...fields,
  })
}

export function headerOf(command_id: number, sequence: number, commandStatus = 0): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt32BE(16, 0)
  header.writeUInt32BE(command_id, 4)
  header.writeUInt32BE(commandStatus, 8)
  header.writeUInt32BE(sequence, 12)
  return header
}

export function submitPdu(sequence: number, text = 'hello'): Buffer {
  const body = encodeBody('submit_sm', {
    destination_addr: '4477',
    short_message: Buffer.from(text),
  })
  const header = headerOf(4, sequence)
  header.writeUInt32BE(16 + body.length, 0)
  return Buffer.concat([header, body])
}

export function tlvsOf(pdu: Pdu | undefined): readonly Tlv[] {
  return pdu && 'tlvs' in pdu ? pdu.tlvs : []
}

export const UNBIND = 0x00000006
export const UNBIND_RESP = 0x80000006
export const ENQUIRE_LINK = 0x00000015
export const GENERIC_NACK = 0x80000000
export const DELIVER_SM_RESP = 0x80000005
export const SUBMIT_SM_RESP = 0x80000004
