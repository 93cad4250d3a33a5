import { HEADER_OCTETS } from '../wire/codec.ts'
import { INTERFACE_VERSION } from '../wire/interfaceVersion.ts'
import {
  flag,
  handler,
  handlers,
  integer,
  object,
  oneOf,
  type OptionChecks,
} from '../wire/optionCheck.ts'
import { PDUS } from '../wire/pduTable.ts'
import { LIMIT_CHECKS } from './defaultLimits.ts'
import { TIMER_CHECKS } from './sessionTimers.ts'
import type { SessionEvents } from './sessionTypes.ts'

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

/** Options of a session that clients and servers share. */
export const SESSION_CHECKS = {
  timers: object({ checks: TIMER_CHECKS }),
  windowSize: integer(1),
  maxPduOctets: integer(HEADER_OCTETS),
  limits: object({ checks: LIMIT_CHECKS }),
  followCongestion: flag,
}

export const versionCheck = oneOf(
  Object.values(INTERFACE_VERSION),
  '0x33, 0x34 or 0x50, as INTERFACE_VERSION has them,',
  (wrong) => {
    const digits = /^(33|34|50?)$/.exec(String(wrong).replace('.', ''))?.[1]
    return digits && `0x${digits.padEnd(2, '0')}`
  },
)
