import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { agreeable } from './agreeable.fixture.ts'
import { PDUS } from './pduTable.ts'
import { rawClient } from './rawPeer.fixture.ts'
import { bindPdu, ENQUIRE_LINK, headerOf } from './servedPeer.fixture.ts'
import { createSmppServer, type SmppServerOptions } from './smppServer.ts'

const commandIds = [...Object.values(PDUS).map(({ command_id }) => command_id), 0x22, 0xffffffff]

/** A PDU of a known kind with a body of anything, at times with a wrong length. */
const noisyPdu = fc
  .record({
    command_id: fc.constantFrom(...commandIds),
    body: fc.uint8Array({ maxLength: 80 }),
    wrongBy: fc.oneof({ weight: 19, arbitrary: fc.constant(0) }, fc.integer({ min: -20, max: 80 })),
  })
  .map(({ command_id, body, wrongBy }) => {
    const pdu = Buffer.concat([headerOf(command_id, 5), body])
    pdu.writeUInt32BE(Math.max(0, pdu.length + wrongBy), 0)
    return pdu
  })

const settings = {
  events: agreeable,
  timers: {
    sessionInitTimeoutMs: 0,
    enquireLinkIntervalMs: 0,
    responseTimeoutMs: 0,
    inactivityTimeoutMs: 0,
    pduTimeoutMs: 30,
  },
  windowSize: 1,
  maxSessions: 1000,
  systemId: '',
} satisfies SmppServerOptions

test('whatever octets come, in whatever pieces: an answer or the end, and it lives', async () => {
  const server = createSmppServer(settings)
  const { port } = await server.listen(0, '127.0.0.1')
  onTestFinished(() => server.close())
  const probe = headerOf(ENQUIRE_LINK, 0x63)
  const noise = fc.array(noisyPdu, { minLength: 1, maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(fc.boolean(), noise, fc.nat(), async (bindsFirst, pdus, cut) => {
      const octets = Buffer.concat([...(bindsFirst ? [bindPdu()] : []), ...pdus, probe])
      fc.pre(!isSwallowed(probe, octets))
      const peer = await rawClient(port)
      peer.send(octets.subarray(0, cut % octets.length))
      await new Promise(setImmediate)
      peer.send(octets.subarray(cut % octets.length))
      const isProbed = await peer.until((received) =>
        received.some(({ sequence_number }) => sequence_number === 0x63),
      )
      expect(isProbed || peer.isEnded).toBe(true)
      peer.close()
    }),
    // On a busy machine fewer runs, rather than none that ends.
    { numRuns: 150, interruptAfterTimeLimit: 8_000, timeout: 5_000 },
  )
})

/** A PDU before it says a length that ends exactly where it does: then nothing is owed to it. */
function isSwallowed(probe: Buffer, octets: Buffer): boolean {
  let at = 0
  while (at < octets.length - probe.length) {
    const length = octets.readUInt32BE(at)
    if (length < probe.length) return false
    at += length
  }
  return at === octets.length
}
