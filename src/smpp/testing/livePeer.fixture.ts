import { handlersOfAll } from './agreeable.fixture.ts'
import * as status from '../wire/commandStatus.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import { INTERFACE_VERSION } from '../wire/interfaceVersion.ts'
import type { Pdu } from '../wire/pduTable.ts'
import { rawClient, rawServer, type RawPeer } from './rawPeer.fixture.ts'
import { bindPdu, Inbox } from './servedPeer.fixture.ts'
import type { SessionTimers } from '../session/sessionTimers.ts'
import type { SessionEvents } from '../session/sessionSettings.ts'
import { createSmppServer } from '../endpoint/smppServer.ts'

export type Side = 'server' | 'client'

const { V5_0 } = INTERFACE_VERSION
const BIND_RESP = '000000198000000900000000000000014d430002100001' + V5_0.toString(16)
const SERVER = { windowSize: 10, maxSessions: 100, systemId: 'Signalbox' }

export interface LivePeer {
  /**
   * The peer, bound over TCP with version 5.0 to a session of the given side. Its `received` begins
   * with the bind or the bind response.
   */
  readonly peer: RawPeer
  /** Receives the reason when the session closes. */
  readonly closed: Inbox<string>
  /** The commands of the requests that the session received. All are answered with ESME_ROK. */
  readonly handled: string[]
  stop(): Promise<void>
}

export async function livePeer(side: Side, timers: SessionTimers): Promise<LivePeer> {
  const closed = new Inbox<string>()
  const handled: string[] = []
  const events: SessionEvents = {
    onBind: (session, pdu) => session.acceptBind(pdu),
    requests: handlersOfAll((session, pdu) => {
      handled.push(pdu.command)
      session.respond(pdu, status.ESME_ROK)
    }),
    onClosed: (_, reason) => closed.push(reason),
  }
  const live = await (side === 'server' ? toServer(events, timers) : toClient(events, timers))
  return { ...live, closed, handled }
}

async function toServer(events: SessionEvents, timers: SessionTimers) {
  const server = createSmppServer({ ...SERVER, events, timers })
  const { port } = await server.listen(0, '127.0.0.1')
  const peer = await rawClient(port)
  peer.send(bindPdu({ interface_version: V5_0 }))
  await peer.pdus(1)
  async function stop(): Promise<void> {
    peer.close()
    await server.close()
  }
  return { peer, stop }
}

async function toClient(events: SessionEvents, timers: SessionTimers) {
  const centre = await rawServer()
  const connecting = connectSmpp({
    windowSize: SERVER.windowSize,
    events,
    timers,
    host: '127.0.0.1',
    port: centre.port,
    command: 'bind_transceiver',
    interface_version: V5_0,
    system_id: 'esme1',
    password: 'secret',
  })
  const peer = await centre.accept()
  await peer.pdus(1)
  peer.send(lengthMadeRight(Buffer.from(BIND_RESP, 'hex')))
  await connecting
  return { peer, stop: () => centre.close() }
}

export function lengthMadeRight(pdu: Buffer): Buffer {
  pdu.writeUInt32BE(pdu.length, 0)
  return pdu
}

export function isAnswerTo(sequence: number): (pdu: Pdu) => boolean {
  return ({ sequence_number }) => sequence_number === sequence
}
