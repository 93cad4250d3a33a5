// Sends the malformed and hostile input of vectors/malformed.ndjson over TCP to a live session.

import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { handlersOfAll } from '../testing/agreeable.fixture.ts'
import * as status from '../wire/commandStatus.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import type { Pdu } from '../wire/pduTable.ts'
import { rawClient, rawServer, type RawPeer, type RawServer } from '../testing/rawPeer.fixture.ts'
import type { SessionTimers } from './sessionTimers.ts'
import type { SessionEvents } from './sessionSettings.ts'
import type { RequestOutcome } from './sessionTypes.ts'
import { createSmppServer, type SmppServer } from '../endpoint/smppServer.ts'
import { vectorLines, type Answer, type MalformedVector } from '../testing/vectorLines.fixture.ts'

const PROBE = '00000010000000150000000000000063'
const BIND = {
  bound_trx: '0000002200000009000000000000000165736d653100736563726574000034000000',
  bound_rx: '0000002200000001000000000000000165736d653100736563726574000034000000',
}

const TIMERS: SessionTimers = {
  sessionInitTimeoutMs: 60_000,
  enquireLinkIntervalMs: 0,
  responseTimeoutMs: 60_000,
  inactivityTimeoutMs: 0,
  pduTimeoutMs: 100,
}

const vectors = vectorLines('malformed')

const isProbeAnswer = (pdu: Pdu) =>
  pdu.command === 'enquire_link_resp' && pdu.sequence_number === 0x63

interface Seen {
  readonly answers: readonly Answer[]
  readonly isClosed: boolean
}

function answersOf(received: readonly Pdu[]): Answer[] {
  return received
    .filter((pdu) => !isProbeAnswer(pdu))
    .map(({ command, command_status, sequence_number }) => ({
      reply: command,
      command_status,
      sequence_number,
    }))
}

/** Whether the session reacted as `accept` describes. Surplus answers are allowed. */
function fits(accept: MalformedVector['accept'][number], { answers, isClosed }: Seen): boolean {
  const wanted = 'replies' in accept ? accept.replies : [accept]
  const replies = wanted.filter(({ reply }) => reply !== null)
  const isSilent = replies.length === 0
  if (isSilent && answers.length > 0) return false
  if (!('replies' in accept) && accept.close && !isClosed) return false
  return replies.every(({ reply, command_status, sequence_number }, index) => {
    const answer = answers[index]
    return (
      answer?.reply === reply &&
      answer?.command_status === command_status &&
      answer?.sequence_number === sequence_number
    )
  })
}

function expectReaction(vector: MalformedVector, seen: Seen): void {
  const matched = vector.accept.some((accept) => fits(accept, seen))
  expect({ ...seen, matched }).toMatchObject({ matched: true })
  if (vector.then !== 'either') expect(seen.isClosed).toBe(vector.then === 'close')
}

/** Collects the answers that `peer` gets until the session answers a probe or closes. */
async function reactionOf(peer: RawPeer, vector: MalformedVector, sent: number): Promise<Seen> {
  if (vector.then === 'close') await peer.end()
  else {
    peer.send(PROBE)
    await peer.until((received) => received.slice(sent).some(isProbeAnswer))
  }
  return { answers: answersOf(peer.received.slice(sent)), isClosed: peer.isEnded }
}

/** Pseudorandom octets that are the same in each run (xorshift). */
function noise(octets: number): Buffer {
  let state = 1
  return Buffer.from(
    Uint8Array.from({ length: octets }, () => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return state & 0xff
    }),
  )
}

describe('a server', () => {
  let server: SmppServer
  let port = 0
  let submits = 0
  let closed: string[] = []
  let wake = () => {}
  let peers: RawPeer[] = []

  const events: SessionEvents = {
    onBind(session, pdu) {
      const { system_id, password, system_type } = pdu
      const isKnown = system_id === 'esme1' && password === 'secret' && system_type === ''
      // Answers asynchronously, as a real server does while it checks the password.
      setImmediate(() => {
        if (isKnown) session.acceptBind(pdu)
        else session.refuseBind(pdu, status.ESME_RBINDFAIL)
      })
    },
    requests: handlersOfAll((session, pdu) => {
      submits++
      session.respond(pdu, status.ESME_ROK, { message_id: String(submits) })
    }),
    onClosed(_, reason) {
      closed.push(reason)
      wake()
    },
  }

  /**
   * The close reason of the first session that closed. The peer may see the close before onClosed
   * is called.
   */
  async function closeReason(): Promise<string | undefined> {
    if (closed.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return closed[0]
  }

  async function serve(timers: SessionTimers): Promise<void> {
    const settings = { events, timers, windowSize: 10, maxSessions: 100, systemId: 'Signalbox' }
    server = createSmppServer(settings)
    ;({ port } = await server.listen(0, '127.0.0.1'))
  }

  async function peerIn(state: MalformedVector['state']): Promise<{ peer: RawPeer; sent: number }> {
    const peer = await rawClient(port)
    peers.push(peer)
    if (state === 'open') return { peer, sent: 0 }
    peer.send(BIND[state])
    await peer.pdus(1)
    return { peer, sent: 1 }
  }

  beforeEach(async () => {
    submits = 0
    closed = []
    peers = []
    await serve(TIMERS)
  })

  afterEach(async () => {
    for (const peer of peers) peer.close()
    await server.close()
  })

  const plain = vectors.filter(
    ({ receiver, send }) => receiver === 'server' && send.every((one) => typeof one === 'string'),
  )

  test.each(plain.filter(({ id }) => id !== 'm157'))('$id: $description', async (vector) => {
    const { peer, sent } = await peerIn(vector.state)
    for (const chunk of vector.send) peer.send(String(chunk))
    expectReaction(vector, await reactionOf(peer, vector, sent))
  })

  test('m238: 1 MiB of noise is refused', async () => {
    const { peer } = await peerIn('open')
    peer.send(noise(1024 * 1024))
    await peer.end()
    expect(answersOf(peer.received)).toEqual([
      { reply: 'generic_nack', command_status: status.ESME_RINVCMDLEN, sequence_number: 0 },
    ])
  })

  test.each(['m157', 'm158'])('%s: a peer that never binds is disconnected in time', async (id) => {
    await server.close()
    await serve({ ...TIMERS, sessionInitTimeoutMs: 50 })
    const { peer } = await peerIn('open')
    const asking = setInterval(() => id === 'm158' && !peer.isEnded && peer.send(PROBE), 10)
    await peer.end()
    clearInterval(asking)
    expect(await closeReason()).toBe('no bind request arrived in time')
  })

  test('m272: half a submit_sm followed by a reset ends only that session', async () => {
    const { peer } = await peerIn('bound_trx')
    const { peer: other } = await peerIn('bound_trx')
    peer.send(vectors.find(({ id }) => id === 'm272')?.generator?.base_hex ?? '')
    await new Promise(setImmediate)
    peer.socket.resetAndDestroy()
    other.send(PROBE)
    await other.pdus(2)
    expect(await closeReason()).toMatch('ECONNRESET')
    expect(server.sessions.size).toBe(1)
  })

  test('a reset before any octet does not affect the server', async () => {
    const { peer } = await peerIn('open')
    peer.socket.resetAndDestroy()
    const { peer: other } = await peerIn('bound_trx')
    expect(answersOf(other.received)).toMatchObject([{ command_status: 0 }])
  })
})

describe('a client', () => {
  let centre: RawServer
  let abort: AbortController

  beforeEach(async () => {
    centre = await rawServer()
    abort = new AbortController()
  })

  afterEach(() => centre.close())

  const ofClients = vectors.filter(({ receiver }) => receiver === 'client')
  const requests: { readonly command: string }[] = []

  function connecting() {
    requests.length = 0
    return connectSmpp({
      host: '127.0.0.1',
      port: centre.port,
      command: 'bind_transceiver',
      system_id: 'esme1',
      password: 'secret',
      timers: TIMERS,
      windowSize: 10,
      signal: abort.signal,
      events: {
        requests: handlersOfAll((session, pdu) => {
          requests.push(pdu)
          session.respond(pdu, status.ESME_ROK)
        }),
      },
    })
  }

  async function boundTo(peer: RawPeer, answer = '80000009'): Promise<void> {
    await peer.pdus(1)
    peer.send(`00000014${answer}00000000000000014d433100`)
  }

  const bound = ofClients.filter(({ state, id }) => state !== 'open' && id !== 'm253')

  test.each(bound)('$id: $description', async (vector) => {
    const connected = connecting()
    const peer = await centre.accept()
    await boundTo(peer)
    const session = await connected
    session.request('submit_sm', { destination_addr: '4477' }, () => undefined)
    await peer.pdus(2)
    for (const chunk of vector.send) peer.send(String(chunk))
    expectReaction(vector, await reactionOf(peer, vector, 2))
  })

  test('m253: a submit_sm_resp without a body is a success with an empty message_id', async () => {
    const connected = connecting()
    const peer = await centre.accept()
    await boundTo(peer)
    const session = await connected
    const outcome = new Promise<RequestOutcome>((resolve) => {
      session.request('submit_sm', { destination_addr: '4477' }, resolve)
    })
    peer.send('00000010800000040000000000000002')
    expect(await outcome).toMatchObject({
      kind: 'response',
      pdu: { command: 'submit_sm_resp', command_status: 0, message_id: '' },
    })
  })

  test('m243: a PDU in the same segment as bind_resp reaches its handler', async () => {
    const vector = ofClients.find(({ id }) => id === 'm243')
    const connected = connecting()
    const peer = await centre.accept()
    await peer.pdus(1)
    peer.send(String(vector?.send[0]))
    const session = await connected
    session.context = 'set before the first request'
    await peer.pdus(2)
    expect(requests).toMatchObject([{ command: 'deliver_sm' }])
    expect(answersOf(peer.received)[1]).toMatchObject({ reply: 'deliver_sm_resp' })
  })

  test('m023: after half a bind_resp and a close, connectSmpp rejects with CLOSED', async () => {
    const vector = ofClients.find(({ id }) => id === 'm023')
    const connected = connecting().catch((error: unknown) => error)
    const peer = await centre.accept()
    await peer.pdus(1)
    peer.socket.end(Buffer.from(String(vector?.send[0]), 'hex'))
    expect(await connected).toMatchObject({ name: 'SmppConnectError', code: 'CLOSED' })
    if (!peer.socket.destroyed) await once(peer.socket, 'close')
  })
})
