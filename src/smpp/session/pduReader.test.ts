import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from './defaultLimits.ts'
import { PduReader } from './pduReader.ts'
import { SessionClock } from './sessionClock.ts'
import type { SessionSettings } from './sessionSettings.ts'

const ENQUIRE_LINK = Buffer.from('00000010000000150000000000000005', 'hex')

const settings: SessionSettings = {
  side: 'mc',
  interfaceVersion: 0x34,
  versionWhenUntold: 0x34,
  events: {},
  timers: {
    sessionInitTimeoutMs: 0,
    enquireLinkIntervalMs: 0,
    responseTimeoutMs: 0,
    inactivityTimeoutMs: 0,
  },
  windowSize: 1,
  maxPduOctets: 1000,
  systemId: '',
}

const nothing = () => undefined

function idleClock(): SessionClock {
  return new SessionClock(settings, {
    now: nothing,
    enquire: nothing,
    unbind: nothing,
    leavingOverdue: nothing,
    close: nothing,
    destroy: nothing,
  })
}

test('after a handler throws, the remaining PDUs are still read', async () => {
  const clock = idleClock()
  const socket = new Socket()
  const read: number[] = []
  new PduReader(socket, { ...DEFAULT_LIMITS, maxPduOctets: 1000 }, clock, {
    onChunk: nothing,
    onUnsent: nothing,
    onPdu() {
      if (read.push(1) === 2) throw new Error('the owner is broken')
    },
    onBroken: nothing,
  })
  const four = Buffer.concat([ENQUIRE_LINK, ENQUIRE_LINK, ENQUIRE_LINK, ENQUIRE_LINK])
  expect(() => socket.emit('data', four)).toThrow('the owner is broken')
  expect(read).toHaveLength(2)
  await new Promise(setImmediate)
  expect(read).toHaveLength(4)
  clock.stop()
})

test('reading stops while too many octets are unsent, then continues in order', () => {
  const clock = idleClock()
  const socket = new Socket()
  let unsent = 0
  Object.defineProperty(socket, 'writableLength', { get: () => unsent })
  const read: number[] = []
  const reader = new PduReader(socket, { ...DEFAULT_LIMITS, maxPduOctets: 1000 }, clock, {
    onChunk: nothing,
    onUnsent: () => socket.destroy(),
    onPdu(octets, start) {
      read.push(octets.readUInt32BE(start + 12))
      if (read.length === 1) reader.checkCongestion()
    },
    onBroken: nothing,
  })
  unsent = 1024 * 1024 + 1
  const second = Buffer.from(ENQUIRE_LINK)
  second.writeUInt32BE(6, 12)
  socket.emit('data', Buffer.concat([ENQUIRE_LINK, second]))
  expect(read).toEqual([5])
  expect(socket.isPaused()).toBe(true)
  unsent = 1
  socket.emit('drain')
  expect(read).toEqual([5])
  unsent = 0
  socket.emit('drain')
  expect(read).toEqual([5, 6])
  expect(socket.isPaused()).toBe(false)
  unsent = 17 * 1024 * 1024
  reader.checkCongestion()
  expect(socket.destroyed).toBe(true)
  clock.stop()
})
