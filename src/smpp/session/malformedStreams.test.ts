// Sends the generated families of malformed input in vectors/malformed.ndjson over TCP to a live
// session of each side.

import { afterEach, describe, expect, test } from 'vitest'
import { REQUESTS } from '../testing/agreeable.fixture.ts'
import { compiledByName, decodePdu } from '../wire/codec.ts'
import * as status from '../wire/commandStatus.ts'
import { Framer } from './framer.ts'
import { lengthMadeRight, livePeer, type LivePeer, type Side } from '../testing/livePeer.fixture.ts'
import type { SessionTimers } from './sessionTimers.ts'
import { vectorLines } from '../testing/vectorLines.fixture.ts'

const TIMERS: SessionTimers = {
  sessionInitTimeoutMs: 60_000,
  enquireLinkIntervalMs: 0,
  responseTimeoutMs: 60_000,
  inactivityTimeoutMs: 0,
  pduTimeoutMs: 100,
}
const PROBE = Buffer.from('00000010000000150000000000000063', 'hex')
const SUBMIT_SM = 0x00000004
const DELIVER_SM = 0x00000005
const LONGEST_LENGTH = 70_000

const pdus = vectorLines('pdus').map(({ id, hex, decoded }) => ({
  id,
  octets: Buffer.from(hex, 'hex'),
  command: decoded.command,
  hasTlvs: decoded.tlv_list.length > 0,
}))
const families = vectorLines('malformed').filter(({ receiver }) => receiver === 'either')

/**
 * The PDUs that a family of malformed input is generated from. For a client, each submit_sm becomes
 * a deliver_sm, which has the same body.
 */
function baseOf(name: string, side: Side): Buffer {
  const hex = families.find(({ generator }) => generator?.name === name)?.generator?.base_hex
  const octets = Buffer.from(hex ?? '', 'hex')
  for (let at = 0; at + 16 <= octets.length; at += octets.readUInt32BE(at))
    if (side === 'client' && octets.readUInt32BE(at + 4) === SUBMIT_SM)
      octets.writeUInt32BE(DELIVER_SM, at + 4)
  return octets
}

for (const side of ['server', 'client'] as const)
  describe(`a live ${side}`, () => {
    let live: LivePeer

    afterEach(() => live.stop())

    async function start(): Promise<LivePeer> {
      live = await livePeer(side, TIMERS)
      return live
    }

    const response = side === 'server' ? 'submit_sm_resp' : 'deliver_sm_resp'

    test('m256: understands a PDU that is split in two at any octet', async () => {
      const { peer, handled } = await start()
      const pdu = baseOf('split_every_byte', side)
      for (let at = 1; at < pdu.length; at++) {
        peer.send(pdu.subarray(0, at))
        await new Promise(setImmediate)
        peer.send(pdu.subarray(at))
        await peer.pdus(at + 1)
      }
      expect(handled).toHaveLength(pdu.length - 1)
    })

    test('m257: understands a PDU that is split in three at any two octets', async () => {
      const { peer } = await start()
      const pdu = baseOf('split_every_pair', side)
      let sent = 1
      for (let one = 1; one < pdu.length; one++)
        for (let two = one + 1; two < pdu.length; two++) {
          peer.send(pdu.subarray(0, one))
          await new Promise(setImmediate)
          peer.send(pdu.subarray(one, two))
          await new Promise(setImmediate)
          peer.send(pdu.subarray(two))
          await peer.pdus(++sent)
        }
      const answers = new Set(peer.received.slice(1).map(({ command }) => command))
      expect([...answers]).toEqual(['enquire_link_resp'])
    })

    test('m259: closes if half a header arrives and then nothing more', async () => {
      const { peer, closed } = await start()
      peer.send(baseOf('one_byte_then_stall', side))
      await peer.end()
      expect(await closed.next()).toBe('the rest of a PDU did not arrive in time')
    })

    test('m260: closes if a PDU arrives too slowly', async () => {
      const { peer, closed } = await start()
      peer.send(baseOf('header_then_stall', side))
      const trickle = setInterval(() => !peer.isEnded && peer.send(Buffer.alloc(1)), 10)
      await peer.end()
      clearInterval(trickle)
      expect(await closed.next()).toBe('the rest of a PDU did not arrive in time')
    })

    test('m264: answers two valid PDUs and the malformed one between them', async () => {
      const { peer } = await start()
      peer.send(baseOf('coalesced_with_bad_middle', side))
      const received = await peer.pdus(4)
      expect(received.slice(1)).toMatchObject([
        { command: response, command_status: status.ESME_ROK, sequence_number: 1 },
        { command: response, command_status: status.ESME_RINVMSGLEN, sequence_number: 2 },
        { command: response, command_status: status.ESME_ROK, sequence_number: 3 },
      ])
    })

    test('m267: answers or closes if any single bit is flipped', async () => {
      const pdu = baseOf('byte_flip', side)
      await start()
      for (let bit = 0; bit < pdu.length * 8; bit += 3) {
        if (live.peer.isEnded) {
          await live.stop()
          await start()
        }
        const { peer } = live
        const flipped = Buffer.from(pdu)
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        const before = peer.received.length
        // If the length is now too large, the session waits for more octets, so send enough.
        const more = Buffer.alloc(bit < 32 ? LONGEST_LENGTH : 0)
        peer.send(Buffer.concat([flipped, more, PROBE]))
        await peer.until((received) => received.length > before)
        // After a wrong length, framing is lost.
        if (bit < 32) peer.close()
      }
      expect(live.handled.length).toBeGreaterThan(0)
    })

    test('m269: 1-3 trailing zero octets are refused only if the PDU may have TLVs', async () => {
      const { peer } = await start()
      const peerSide = side === 'server' ? 'esme' : 'mc'
      const toUs = REQUESTS.filter((command) => compiledByName(command).sentBy[peerSide].size > 0)
      const isToUs = (command: string) => toUs.some((one) => one === command)
      const requests = pdus.filter(({ command, hasTlvs }) => isToUs(command) && !hasTlvs)
      expect(requests.length).toBeGreaterThan(10)
      for (const { id, octets, command } of requests)
        for (const more of [1, 2, 3]) {
          const before = peer.received.length
          peer.send(lengthMadeRight(Buffer.concat([octets, Buffer.alloc(more)])))
          const answer = (await peer.pdus(before + 1))[before]
          const takes = command === 'query_sm' || command === 'cancel_sm'
          const command_status = takes ? status.ESME_ROK : status.ESME_RINVTLVSTREAM
          const wanted = { id, command: `${command}_resp`, command_status }
          expect({ id, ...answer }).toMatchObject(wanted)
        }
    })

    test('m272: closes after half a PDU and a reset', async () => {
      const { peer, closed } = await start()
      peer.send(baseOf('rst_mid_pdu', side))
      await new Promise(setImmediate)
      peer.socket.resetAndDestroy()
      expect(await closed.next()).toMatch('ECONNRESET')
    })
  })

describe('every PDU of the vectors', () => {
  test('m256: decodes to the same value wherever it is split', () => {
    for (const { id, octets } of pdus.filter(({ octets: { length } }) => length <= 1000)) {
      const whole = decodePdu(octets, 0, octets.length)
      for (let at = 1; at < octets.length; at++) {
        const framer = new Framer(LONGEST_LENGTH)
        framer.push(octets.subarray(0, at))
        const first = framer.next()
        framer.push(octets.subarray(at))
        const second = framer.next()
        // A million calls of expect would take longer than the decoding itself.
        if (first !== 'incomplete' || second !== 'pdu') expect({ id, at, first, second }).toBe('')
        const split = decodePdu(framer.octets, framer.start, framer.end)
        if (at % 10 === 1) expect({ id, at, split }).toEqual({ id, at, split: whole })
      }
    }
  })

  test('m267: is decoded or refused with an error status if any single bit is flipped', () => {
    for (const { octets } of pdus.filter(({ octets: { length } }) => length <= 200)) {
      const flipped = Buffer.from(octets)
      for (let bit = 32; bit < octets.length * 8; bit++) {
        const at = bit >> 3
        flipped.writeUInt8(octets.readUInt8(at) ^ (1 << (bit & 7)), at)
        const result = decodePdu(flipped, 0, flipped.length)
        if (result.kind === 'malformed' && result.commandStatus === status.ESME_ROK)
          throw new Error(`${flipped.toString('hex')} is refused with ESME_ROK`)
        flipped.writeUInt8(octets.readUInt8(at), at)
      }
    }
  })
})
