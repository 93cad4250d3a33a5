import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import { PDUS } from '../wire/pduTable.ts'
import { rawClient, rawServer, type RawPeer } from '../testing/rawPeer.fixture.ts'
import { bindPdu, ENQUIRE_LINK, headerOf } from '../testing/servedPeer.fixture.ts'
import { createSmppServer, type SmppServerOptions } from '../endpoint/smppServer.ts'

const commandIds = [...Object.values(PDUS).map(({ command_id }) => command_id), 0x22, 0xffffffff]

/** A PDU with a random body and usually a known command_id. One in 20 has a wrong length. */
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

const PROBE_SEQUENCE = 0x63
const BIND_RESP = Buffer.from('00000014800000090000000000000001' + '4d433100', 'hex')

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
} satisfies SmppServerOptions

type Noise = { readonly peer: RawPeer; readonly bind: Buffer }

/**
 * Sends the PDUs and then an enquire_link as a probe, all in two pieces that are cut at `cut`.
 * Expects the session to answer the probe or to close.
 */
async function expectAnswerOrEnd({ peer, bind }: Noise, pdus: readonly Buffer[], cut: number) {
  const probe = headerOf(ENQUIRE_LINK, PROBE_SEQUENCE)
  const octets = Buffer.concat([bind, ...pdus, probe])
  if (isSwallowed(probe, octets)) return peer.close()
  peer.send(octets.subarray(0, cut % octets.length))
  await new Promise(setImmediate)
  peer.send(octets.subarray(cut % octets.length))
  const isProbed = await peer.until((received) =>
    received.some(({ sequence_number }) => sequence_number === PROBE_SEQUENCE),
  )
  expect(isProbed || peer.isEnded).toBe(true)
  peer.close()
}

const noise = fc.array(noisyPdu, { minLength: 1, maxLength: 10 })
/** A busy machine completes fewer runs within the time limit instead of failing the test. */
const RUNS = { numRuns: 150, interruptAfterTimeLimit: 6_000, timeout: 5_000 }

describe('arbitrary octets in arbitrary pieces', () => {
  test('make a server answer or close the connection', async () => {
    const server = createSmppServer(settings)
    const { port } = await server.listen(0, '127.0.0.1')
    onTestFinished(() => server.close())
    await fc.assert(
      fc.asyncProperty(fc.boolean(), noise, fc.nat(), async (bindsFirst, pdus, cut) => {
        const bind = bindsFirst ? bindPdu() : Buffer.alloc(0)
        await expectAnswerOrEnd({ peer: await rawClient(port), bind }, pdus, cut)
      }),
      RUNS,
    )
  })

  test('make a client answer or close the connection', async () => {
    const centre = await rawServer()
    onTestFinished(() => centre.close())
    const connect = () =>
      connectSmpp({
        ...settings,
        host: '127.0.0.1',
        port: centre.port,
        command: 'bind_transceiver',
        system_id: 'esme1',
        password: '',
      }).catch(() => undefined)
    await fc.assert(
      fc.asyncProperty(fc.boolean(), noise, fc.nat(), async (bindsFirst, pdus, cut) => {
        const connecting = connect()
        const peer = await centre.accept()
        await peer.pdus(1)
        const bind = bindsFirst ? BIND_RESP : Buffer.alloc(0)
        await expectAnswerOrEnd({ peer, bind }, pdus, cut)
        await connecting
      }),
      RUNS,
    )
  })
})

/**
 * Whether an earlier PDU has a wrong length that ends exactly at the end of the probe. The probe is
 * then part of that PDU, so the session does not have to answer it.
 */
function isSwallowed(probe: Buffer, octets: Buffer): boolean {
  let at = 0
  while (at < octets.length - probe.length) {
    const length = octets.readUInt32BE(at)
    if (length < probe.length) return false
    at += length
  }
  return at === octets.length
}
