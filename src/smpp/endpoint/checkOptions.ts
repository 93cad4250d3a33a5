// What may be told to clients, servers and ports, in one place: who misspells an option, or takes
// one from a setting as text, learns of it at once instead of from a session that hangs.

import type { BindRequest } from './bindSession.ts'
import type { ConnectSmppOptions, EsmeOptions } from './connectSmpp.ts'
import type { SessionLimits } from '../session/defaultLimits.ts'
import { INTERFACE_VERSION } from '../wire/interfaceVersion.ts'
import type { ListenForOutbindOptions, OutbindEvents } from './listenForOutbind.ts'
import { nearestName } from '../wire/nearestName.ts'
import type { OpenSocketOptions } from '../transport/openSocket.ts'
import {
  checkEach,
  flag,
  handler,
  handlers,
  host,
  integer,
  isObject,
  object,
  oneOf,
  secret,
  shortText,
  shown,
  signal,
  text,
  timer,
  type OptionCheck,
  type OptionChecks,
  type Options,
} from '../wire/optionCheck.ts'
import type { OutbindOptions } from './outbind.ts'
import { BOUND_STATE, PDUS } from '../wire/pduTable.ts'
import type { SessionEvents, SessionTimers } from '../session/sessionTypes.ts'
import type { ListenOptions, SmppServerEvents, SmppServerOptions } from './smppServer.ts'

const PORT_MAX = 65_535
const HEADER_OCTETS = 16
/** system_id has 16 octets with its NUL (SMPP 3.4 §4.1.2). */
const SYSTEM_ID_CHARACTERS_MAX = 15

const TIMERS: OptionChecks<SessionTimers> = {
  sessionInitTimeoutMs: timer,
  enquireLinkIntervalMs: timer,
  responseTimeoutMs: timer,
  inactivityTimeoutMs: timer,
  pduTimeoutMs: timer,
}

const LIMITS: OptionChecks<SessionLimits> = {
  unsentOctetsPause: integer(1),
  unsentOctetsMax: integer(1),
  unansweredByUs: integer(1),
  unansweredOctets: integer(1),
  waitingSends: integer(1),
}

const OF_THE_SESSION = /^bind_|^unbind$|^enquire_link$/

const REQUESTS = Object.fromEntries(
  Object.keys(PDUS)
    .filter((command) => `${command}_resp` in PDUS && !OF_THE_SESSION.test(command))
    .map((command) => [command, handler]),
)

const SESSION_EVENTS: OptionChecks<SessionEvents> = {
  onBind: handler,
  requests: handlers({ checks: REQUESTS }),
  onAlertNotification: handler,
  onOutbind: handler,
  onClosed: handler,
  onWindowFree: handler,
  onCongestion: handler,
  onMalformed: handler,
  onPduReceived: handler,
  onPduSent: handler,
  onAnswered: handler,
}

const SERVER_EVENTS: OptionChecks<SmppServerEvents> = {
  ...SESSION_EVENTS,
  onRefusedConnection: handler,
  onConnection: handler,
}

const bindCommand = oneOf(
  Object.keys(BOUND_STATE),
  'bind_transmitter, bind_receiver or bind_transceiver',
  (wrong) => nearestName(String(wrong), Object.keys(BOUND_STATE)),
)

const version = oneOf(
  Object.values(INTERFACE_VERSION),
  '0x33, 0x34 or 0x50, as INTERFACE_VERSION has them,',
  (wrong) => {
    const digits = /^(33|34|50?)$/.exec(String(wrong).replace('.', ''))?.[1]
    return digits && `0x${digits.padEnd(2, '0')}`
  },
)

const clientTls: OptionCheck = (value, name) => {
  if (typeof value === 'boolean' || isObject(value)) return
  throw new TypeError(`${name} is ${shown(value)}: true, false or an object is needed`)
}

const IDENTITIES: readonly (readonly string[])[] = [
  ['key', 'cert'],
  ['privateKeyIdentifier', 'cert'],
  ['pfx'],
  ['SNICallback'],
  ['pskCallback'],
]

/** Without any of them there is no cipher that both sides could agree on. */
const serverTls: OptionCheck = (value, name) => {
  if (value === false) return
  const has = (option: string) => isObject(value) && value[option] !== undefined
  if (IDENTITIES.some((options) => options.every(has))) return
  const came = isObject(value) ? 'without a certificate' : shown(value)
  throw new TypeError(`${name} is ${came}: an object with key and cert, or pfx, is needed`)
}

const proxyProtocol: OptionCheck = (value, name) => {
  if (typeof value === 'boolean') return
  if (!isObject(value))
    throw new TypeError(`${name} is ${shown(value)}: true, false or { from } is needed`)
  checkEach(value, { checks: { from: proxies }, needed: ['from'] }, name, `${name}.`)
}

function proxies(value: unknown, name: string): void {
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string')
  if (isList && value.length > 0) return
  const inside = value instanceof Array && value.length > 0 ? ' with others' : ' without any'
  const came = shown(value) + (Array.isArray(value) ? inside : '')
  throw new TypeError(`${name} is ${came}: an array of addresses or subnets is needed`)
}

/** Of sessions of either side. */
const SESSION = {
  timers: object({ checks: TIMERS }),
  windowSize: integer(1),
  maxPduOctets: integer(HEADER_OCTETS),
  limits: object({ checks: LIMITS }),
  followCongestion: flag,
}

const BIND: Options<BindRequest> = {
  checks: {
    command: bindCommand,
    system_id: text,
    password: secret,
    system_type: text,
    addr_ton: integer(0, 255),
    addr_npi: integer(0, 255),
    address_range: text,
    signal,
  },
  needed: ['command', 'system_id', 'password'],
}

const SOCKET: OptionChecks<OpenSocketOptions> = {
  host,
  port: integer(1, PORT_MAX),
  tls: clientTls,
  connectTimeoutMs: timer,
  signal,
}

const ESME: OptionChecks<EsmeOptions> = {
  ...SESSION,
  interface_version: version,
  versionWhenUntold: version,
  events: handlers({ checks: SESSION_EVENTS }),
}

const CONNECT: Options<ConnectSmppOptions> = {
  checks: { ...SOCKET, ...BIND.checks, ...ESME },
  needed: ['host', 'port', 'command', 'system_id', 'password'],
}

const SERVER: Options<SmppServerOptions> = {
  checks: {
    ...SESSION,
    events: handlers({ checks: SERVER_EVENTS }),
    maxSessions: integer(1),
    systemId: shortText(SYSTEM_ID_CHARACTERS_MAX),
    interfaceVersion: version,
    tls: serverTls,
    proxyProtocol,
  },
  needed: ['events'],
}

const LISTEN: Options<ListenOptions> = {
  checks: { port: integer(0, PORT_MAX), host, tls: serverTls, proxyProtocol, signal },
  needed: ['port'],
}

const LISTEN_FOR_OUTBIND: Options<ListenForOutbindOptions> = {
  checks: {
    ...ESME,
    ...LISTEN.checks,
    events: handlers<OutbindEvents>({ checks: SERVER_EVENTS, needed: ['onOutbind'] }),
    maxSessions: integer(1),
  },
  needed: ['port', 'events'],
}

const OUTBIND: Options<OutbindOptions> = {
  checks: { ...SOCKET, system_id: text, password: secret },
  needed: ['host', 'port', 'system_id', 'password'],
}

const OPTIONS = {
  bindSession: BIND,
  connectSmpp: CONNECT,
  createSmppServer: SERVER,
  listen: LISTEN,
  listenForOutbind: LISTEN_FOR_OUTBIND,
  outbind: OUTBIND,
}

/**
 * Throws TypeError or RangeError when an option is none, or has a value that cannot be. What only
 * the other side can judge, such as a password, is left to it.
 */
export function checkOptions(of: keyof typeof OPTIONS, options: unknown): void {
  checkEach(options, OPTIONS[of], `the argument of ${of}`, '')
}
