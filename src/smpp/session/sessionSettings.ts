// The settings and event handlers of a session, and the checks of their values. The members are
// defined in sessionTypes.ts as generic types. Here the type parameter is the class Session.

import { HEADER_OCTETS } from '../wire/codec.ts'
import { INTERFACE_VERSION } from '../wire/interfaceVersion.ts'
import {
  flag,
  handler,
  handlers,
  integer,
  object,
  oneOf,
  type OptionCheck,
  type OptionChecks,
} from '../wire/optionCheck.ts'
import { PDUS } from '../wire/pduTable.ts'
import { LIMIT_CHECKS } from './defaultLimits.ts'
import { TIMER_CHECKS } from './sessionTimers.ts'
import type { Session } from './session.ts'
import type {
  PduEventsOf,
  RequestHandlersOf,
  SessionEventsOf,
  SessionSettingsOf,
} from './sessionTypes.ts'

/**
 * Handlers for requests from the peer. A handler answers with `session.respond`, immediately or
 * later. `body` contains the octets after the header. It is a view of the chunk that the socket
 * delivered, and the handler may keep it.
 */
export type RequestHandlers = RequestHandlersOf<Session>

/**
 * Handlers for metrics. They receive the command_id and command_status of each PDU as on the wire,
 * and its length in octets. They must not send anything. A missing handler costs no time.
 */
export interface PduEvents extends PduEventsOf<Session> {}

/** Handlers for the events of a session, all optional. A handler must not throw. */
export interface SessionEvents extends SessionEventsOf<Session> {}

/** The settings of a session, which connectSmpp and createSmppServer fill in. */
export interface SessionSettings extends SessionSettingsOf<Session> {}

const OF_THE_SESSION = /^bind_|^unbind$|^enquire_link$/

const REQUEST_CHECKS = Object.fromEntries(
  Object.keys(PDUS)
    .filter((command) => `${command}_resp` in PDUS && !OF_THE_SESSION.test(command))
    .map((command) => [command, handler]),
)

export const SESSION_EVENT_CHECKS: OptionChecks<SessionEvents> = {
  onBind: handler,
  requests: handlers({ checks: REQUEST_CHECKS }),
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

type SharedSettings = Pick<
  SessionSettings,
  'timers' | 'windowSize' | 'maxPduOctets' | 'limits' | 'followCongestion'
>

/** The session options that clients and servers have in common. */
export const SESSION_CHECKS: OptionChecks<SharedSettings> = {
  timers: object({ checks: TIMER_CHECKS }),
  windowSize: integer(1),
  maxPduOctets: integer(HEADER_OCTETS),
  limits: object({ checks: LIMIT_CHECKS }),
  followCongestion: flag,
}

export const versionCheck: OptionCheck = oneOf(
  Object.values(INTERFACE_VERSION),
  'one of INTERFACE_VERSION (0x33, 0x34 or 0x50)',
  (wrong) => {
    const digits = /^(33|34|50?)$/.exec(String(wrong).replace('.', ''))?.[1]
    return digits && `0x${digits.padEnd(2, '0')}`
  },
)
