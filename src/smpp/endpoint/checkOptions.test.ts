import { getEventListeners } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import { checkOptions } from '../wire/optionCheck.ts'
import { BIND_OPTIONS, bindSession } from './bindSession.ts'
import { CONNECT_OPTIONS, connectSmpp } from './connectSmpp.ts'
import { LISTEN_FOR_OUTBIND_OPTIONS, listenForOutbind } from './listenForOutbind.ts'
import { OUTBIND_OPTIONS } from './outbind.ts'
import { rawServer } from '../testing/rawPeer.fixture.ts'
import { Inbox } from '../testing/servedPeer.fixture.ts'
import type { Session } from '../session/session.ts'
import { createSmppServer, LISTEN_OPTIONS, SERVER_OPTIONS } from './smppServer.ts'

const OPTIONS = {
  bindSession: BIND_OPTIONS,
  connectSmpp: CONNECT_OPTIONS,
  createSmppServer: SERVER_OPTIONS,
  listen: LISTEN_OPTIONS,
  listenForOutbind: LISTEN_FOR_OUTBIND_OPTIONS,
  outbind: OUTBIND_OPTIONS,
}

type Of = keyof typeof OPTIONS

const WHO = { system_id: 'esme1', password: 'secret' }
const CLIENT = { host: '127.0.0.1', port: 2775, command: 'bind_transceiver', ...WHO }
const BASE: Readonly<Record<Of, object>> = {
  bindSession: { command: 'bind_receiver', ...WHO },
  connectSmpp: CLIENT,
  createSmppServer: { events: {} },
  listen: { port: 0 },
  listenForOutbind: { port: 0, events: { onOutbind: () => undefined } },
  outbind: { host: 'esme.example', port: 2776, ...WHO },
}

/** The error that the check throws for these options plus the required ones. */
function errorOf(of: Of, options: object): unknown {
  try {
    checkOptions(of, { ...BASE[of], ...options }, OPTIONS[of])
  } catch (error) {
    return error
  }
  return undefined
}

const MS = 'a number of milliseconds from 0 (off) to 2147483647 is needed'
const PORT = 'an integer from 1 to 65535 is needed'
const VERSION = 'one of INTERFACE_VERSION (0x33, 0x34 or 0x50) is needed'
const COUNT = 'an integer of at least 1 is needed'
const timers = (responseTimeoutMs: unknown) => ({ timers: { responseTimeoutMs } })
const requests = (handlers: object) => ({ events: { requests: handlers } })

test.each<[Of, object]>([
  ['connectSmpp', {}],
  ['connectSmpp', { windowSize: undefined, timers: { responseTimeoutMs: undefined } }],
  ['connectSmpp', { timers: { pduTimeoutMs: 0, responseTimeoutMs: 2 ** 31 - 1 }, windowSize: 1 }],
  ['connectSmpp', { tls: { ca: 'any', whatever: 'Node may take' }, interface_version: 0x50 }],
  ['connectSmpp', { events: agreeable, limits: { waitingSends: 1 }, followCongestion: true }],
  ['connectSmpp', { signal: new AbortController().signal, maxPduOctets: 16 }],
  ['connectSmpp', requests({ submit_sm: () => undefined, handled: [], greeting: 'state' })],
  ['createSmppServer', { systemId: 'exactly 15 long', tls: { key: 'k', cert: 'c' } }],
  ['createSmppServer', { tls: { SNICallback: () => undefined }, proxyProtocol: true }],
  ['listen', { port: 65_535, tls: false, proxyProtocol: { from: ['10.0.0.0/8'] } }],
  ['listen', { tls: { pfx: Buffer.alloc(1) } }],
])('%s accepts %j', (of, options) => {
  expect(errorOf(of, options)).toBeUndefined()
})

describe('the error for an invalid option names the option, its value and what is needed:', () => {
  test.each<[Of, object, string]>([
    ['connectSmpp', timers(NaN), `timers.responseTimeoutMs is NaN: ${MS}`],
    ['connectSmpp', timers(-1), `timers.responseTimeoutMs is -1: ${MS}`],
    ['connectSmpp', timers(Infinity), `timers.responseTimeoutMs is Infinity: ${MS}`],
    ['connectSmpp', timers(2 ** 31), `timers.responseTimeoutMs is 2147483648: ${MS}`],
    ['connectSmpp', { connectTimeoutMs: -1 }, `connectTimeoutMs is -1: ${MS}`],
    ['connectSmpp', { windowSize: 0 }, `windowSize is 0: ${COUNT}`],
    ['connectSmpp', { windowSize: 1.5 }, `windowSize is 1.5: ${COUNT}`],
    ['connectSmpp', { limits: { waitingSends: NaN } }, `limits.waitingSends is NaN: ${COUNT}`],
    [
      'connectSmpp',
      { maxPduOctets: 15 },
      'maxPduOctets is 15: an integer of at least 16 is needed',
    ],
    ['connectSmpp', { port: 0 }, `port is 0: ${PORT}`],
    ['outbind', { port: 65_536 }, `port is 65536: ${PORT}`],
    ['connectSmpp', { host: '' }, 'host is "": a name or an address is needed'],
    ['createSmppServer', { maxSessions: -1 }, `maxSessions is -1: ${COUNT}`],
    [
      'createSmppServer',
      { systemId: 'signalbox-production' },
      'systemId is "signalbox-production": a string of at most 15 characters is needed',
    ],
    ['bindSession', { addr_ton: 256 }, 'addr_ton is 256: an integer from 0 to 255 is needed'],
  ])('%s %j', (of, options, message) => {
    expect(errorOf(of, options)).toEqual(new RangeError(message))
  })

  test.each<[Of, object, string]>([
    ['connectSmpp', timers('300'), `timers.responseTimeoutMs is "300": ${MS}`],
    ['connectSmpp', timers(null), `timers.responseTimeoutMs is null: ${MS}`],
    ['connectSmpp', { timers: null }, 'timers is null: an object is needed'],
    ['connectSmpp', { limits: 5 }, 'limits is 5: an object is needed'],
    ['connectSmpp', { port: '2775' }, `port is "2775": ${PORT}`],
    ['connectSmpp', { host: undefined }, 'host is missing: a name or an address is needed'],
    ['connectSmpp', { password: 12_345 }, 'password is a number: a string is needed'],
    ['connectSmpp', { system_id: undefined }, 'system_id is missing: a string is needed'],
    [
      'connectSmpp',
      { followCongestion: 'no' },
      'followCongestion is "no": true or false is needed',
    ],
    ['connectSmpp', { signal: {} }, 'signal is an object: an AbortSignal is needed'],
    ['connectSmpp', { tls: 'yes' }, 'tls is "yes": true, false or an object is needed'],
    ['connectSmpp', { events: { onClosed: 5 } }, 'events.onClosed is 5: a function is needed'],
    [
      'connectSmpp',
      requests({ deliver_sm: 'x' }),
      'events.requests.deliver_sm is "x": a function is needed',
    ],
    [
      'connectSmpp',
      { interface_version: 3.4 },
      `interface_version is 3.4: ${VERSION}. Did you mean 0x34?`,
    ],
    ['createSmppServer', { interfaceVersion: 0x99 }, `interfaceVersion is 153: ${VERSION}`],
    ['createSmppServer', { events: undefined }, 'events is missing: an object is needed'],
    ['listenForOutbind', { events: {} }, 'events.onOutbind is missing: a function is needed'],
    ['listen', { port: undefined }, 'port is missing: an integer from 0 to 65535 is needed'],
    [
      'listen',
      { tls: { requestCert: true } },
      'tls is without a certificate: an object with key and cert, or pfx, is needed',
    ],
    ['listen', { tls: true }, 'tls is true: an object with key and cert, or pfx, is needed'],
    ['listen', { proxyProtocol: 'v2' }, 'proxyProtocol is "v2": true, false or { from } is needed'],
    [
      'listen',
      { proxyProtocol: { from: '10.0.0.1' } },
      'proxyProtocol.from is "10.0.0.1": an array of addresses or subnets is needed',
    ],
    [
      'listen',
      { proxyProtocol: {} },
      'proxyProtocol.from is missing: an array of addresses or subnets is needed',
    ],
    [
      'listen',
      { proxyProtocol: { from: [] } },
      'proxyProtocol.from is empty: an array of addresses or subnets is needed',
    ],
    [
      'listen',
      { proxyProtocol: { from: [7] } },
      'proxyProtocol.from holds values that are not strings: ' +
        'an array of addresses or subnets is needed',
    ],
  ])('%s %j', (of, options, message) => {
    expect(errorOf(of, options)).toEqual(new TypeError(message))
  })

  test.each([undefined, null, 'smpp://host', () => undefined])(
    '%s instead of an options object is refused',
    (options) => {
      expect(() => checkOptions('connectSmpp', options, CONNECT_OPTIONS)).toThrow(
        'the argument of connectSmpp is',
      )
    },
  )
})

describe('the error suggests a similar name or value:', () => {
  test.each<[Of, object, string, string]>([
    [
      'connectSmpp',
      { timers: { responseTimeout: 5 } },
      'timers.responseTimeout',
      'responseTimeoutMs',
    ],
    ['connectSmpp', { timers: { enquireLink: 5 } }, 'timers.enquireLink', 'enquireLinkIntervalMs'],
    ['connectSmpp', { limits: { waitingSend: 5 } }, 'limits.waitingSend', 'waitingSends'],
    ['connectSmpp', { systemId: 'x' }, 'systemId', 'system_id'],
    ['connectSmpp', { prot: 2775 }, 'prot', 'port'],
    ['createSmppServer', { interface_version: 0x34 }, 'interface_version', 'interfaceVersion'],
    ['connectSmpp', { events: { onClose() {} } }, 'events.onClose', 'onClosed'],
    ['connectSmpp', { events: { request: {} } }, 'events.request', 'requests'],
    ['connectSmpp', requests({ deliverSm() {} }), 'events.requests.deliverSm', 'deliver_sm'],
    ['connectSmpp', requests({ submit() {} }), 'events.requests.submit', 'submit_sm'],
  ])('%s %j', (of, options, name, meant) => {
    expect(errorOf(of, options)).toEqual(
      new TypeError(`${name} is unknown: did you mean ${meant}?`),
    )
  })

  test('for an unknown option without a similar name, the error lists all options', () => {
    expect(errorOf('listen', { backlog: 5 })).toEqual(
      new TypeError('backlog is unknown: valid names are port, host, tls, proxyProtocol, signal'),
    )
    expect(errorOf('connectSmpp', requests({ enquire_link() {} }))).toBeInstanceOf(TypeError)
  })

  test.each([
    [{ command: 'transceiver' }, 'Did you mean bind_transceiver?'],
    [{ interface_version: 3.4 }, 'Did you mean 0x34?'],
    [{ interface_version: '5.0' }, 'Did you mean 0x50?'],
    [{ interface_version: 33 }, 'Did you mean 0x33?'],
  ])('for %j', (options, hint) => {
    expect(errorOf('connectSmpp', options)).toMatchObject({
      message: expect.stringContaining(hint),
    })
  })
})

describe('invalid options', () => {
  /** Gives invalid options the declared type, because JavaScript callers can pass any options. */
  const wrong = <T>(options: object) => options as T

  test('make connectSmpp reject before it connects', async () => {
    const centre = await rawServer()
    onTestFinished(() => centre.close())
    const at = { ...CLIENT, port: centre.port }
    for (const options of [{ signal: {} }, { windowSize: '10' }, { host: undefined }])
      await expect(connectSmpp(wrong({ ...at, ...options }))).rejects.toThrow(TypeError)
    const connecting = connectSmpp(wrong(at))
    const only = await centre.accept()
    only.close()
    await expect(connecting).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('make createSmppServer throw, and listen, outbind and listenForOutbind reject', async () => {
    expect(() => createSmppServer(wrong({}))).toThrow('events is missing')
    const server = createSmppServer({ events: agreeable })
    onTestFinished(() => server.close())
    await expect(server.listen(wrong<number>({ port: '0' }))).rejects.toThrow('port is "0"')
    await expect(server.listen(NaN)).rejects.toThrow('port is NaN')
    await expect(server.listen(0, '127.0.0.1', { tls: {} })).rejects.toThrow('key and cert')
    await expect(server.outbind(wrong({ host: 'esme', port: 1 }))).rejects.toThrow('system_id')
    await expect(listenForOutbind(wrong({ port: 0 }))).rejects.toThrow('events is missing')
  })

  test('make bindSession reject and close the session', async () => {
    const asked = new Inbox<Session>()
    const closed = new Inbox<string>()
    const listener = await listenForOutbind({
      port: 0,
      host: '127.0.0.1',
      events: {
        onOutbind: (session) => asked.push(session),
        onClosed: (_, reason) => closed.push(reason),
      },
    })
    onTestFinished(() => listener.close())
    const server = createSmppServer({ events: agreeable })
    onTestFinished(() => server.close())
    const outbound = server.outbind({ host: '127.0.0.1', port: listener.port, ...WHO })
    const left = expect(outbound).rejects.toMatchObject({ code: 'CLOSED' })
    const binding = bindSession(await asked.next(), wrong({ command: 'receiver', ...WHO }))
    await expect(binding).rejects.toThrow('Did you mean bind_receiver?')
    expect(await closed.next()).toContain('options')
    await left
  })

  test('leave no abort listener on a signal', async () => {
    const { signal } = new AbortController()
    const server = createSmppServer({ events: agreeable })
    await expect(server.listen({ port: -1, signal })).rejects.toThrow(RangeError)
    const listening = server.listen({ port: 0, host: '127.0.0.1', signal })
    await Promise.all([server.close(), expect(listening).rejects.toThrow('closed')])
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

test('an option that is undefined counts as missing', async () => {
  const server = createSmppServer({ events: agreeable })
  onTestFinished(() => server.close())
  const { port } = await server.listen(0, '127.0.0.1')
  // A caller in JavaScript, or with less strict compiler options, can pass undefined.
  const options = { ...CLIENT, port, limits: { waitingSends: undefined }, windowSize: 1 } as object
  // The cast is needed because our own compiler options forbid an explicit undefined.
  const session = await connectSmpp(options as Parameters<typeof connectSmpp>[0])
  const sent = [session.send('submit_sm', {}), session.send('submit_sm', {})]
  for (const one of sent) expect(await one).toMatchObject({ command_status: 0 })
  await session.unbind()
})
