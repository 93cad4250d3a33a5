// The ESMEs of `prove -- protocol-soak`. Each keeps its window full and answers deliver_sm. After a
// number of messages it unbinds or cuts the connection, and then binds again.
import { getEventListeners } from 'node:events'
import {
  connectSmpp,
  ESME_ROK,
  ESME_RTHROTTLED,
  encodeText,
  RequestError,
  type Session,
} from '../src/smpp/index.ts'
import { answerParent } from './askChild.ts'
import { type Holdings, holdings, leftovers } from './leftovers.ts'
import { processMemory, type ProcessMemory } from './processMemory.ts'

export type SoakClientQuestion =
  | {
      readonly kind: 'start'
      readonly port: number
      readonly tlsPort: number
      /** The CA to trust at tlsPort, in PEM. */
      readonly ca: string
      readonly sessions: number
      readonly windowSize: number
    }
  | { readonly kind: 'use' | 'close' }

export interface SoakClientAnswer extends ProcessMemory {
  readonly answered: number
  /** Requests that crossed an unbind from the server. */
  readonly throttled: number
  readonly timedOut: number
  readonly cutOff: number
  readonly taken: number
  readonly sessions: number
  /** Descriptions of unexpected failures. */
  readonly failures: readonly string[]
  /** The resources that are left after `close`. */
  readonly leftovers: readonly string[]
}

const MESSAGES_PER_SESSION = 50_000
const CUT_OFF_AT = 20_000
/** One in this many requests uses a promise and its queue. The others use a callback. */
const BY_PROMISE_EVERY = 50
const FAILURES_MAX = 20
/** One in this many sessions uses TLS. */
const TLS_EVERY = 5

const { data_coding, short_message } = encodeText('Your code is 123456.')
const MESSAGE = { source_addr: 'soak', destination_addr: '4477', data_coding, short_message }

const counts = { answered: 0, throttled: 0, timedOut: 0, cutOff: 0, taken: 0, sessions: 0 }
const failures: string[] = []
const stopping = new AbortController()
const lanes: Promise<void>[] = []
let before: Holdings | undefined
let left: string[] = []

function fail(what: string): void {
  if (failures.length < FAILURES_MAX) failures.push(what)
}

interface Centre {
  readonly port: number
  readonly tls: false | { readonly ca: string }
}

async function runLane(centre: Centre, windowSize: number, lane: number): Promise<void> {
  for (let nth = lane; !stopping.signal.aborted; nth++) {
    const { session, closed } = await bind(centre, windowSize)
    counts.sessions++
    const isCutOff = nth % 3 === 0
    await Promise.race([sendMany(session, isCutOff ? CUT_OFF_AT : Infinity), closed])
    if (isCutOff) session.close('cut off during traffic')
    await session.unbind()
    await closed
  }
}

async function bind({ port, tls }: Centre, windowSize: number) {
  const closed = Promise.withResolvers<void>()
  const session = await connectSmpp({
    host: '127.0.0.1',
    port,
    tls,
    command: 'bind_transceiver',
    system_id: 'soak',
    password: 'soak',
    windowSize,
    timers: {
      sessionInitTimeoutMs: 5_000,
      enquireLinkIntervalMs: 1_000,
      responseTimeoutMs: 1_000,
      inactivityTimeoutMs: 0,
    },
    events: {
      requests: {
        deliver_sm(one, pdu) {
          counts.taken++
          one.respond(pdu, ESME_ROK)
        },
      },
      onClosed: () => closed.resolve(),
    },
  })
  return { session, closed: closed.promise }
}

/**
 * Resolves when all messages of a session are answered, or earlier: after `cutOffAt` messages were
 * sent, or when the client stops.
 */
function sendMany(session: Session, cutOffAt: number): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0
    const fill = () => {
      while (sent < MESSAGES_PER_SESSION && !stopping.signal.aborted) {
        if (sent % BY_PROMISE_EVERY === 0) byPromise(session, fill)
        else if (!byCallback(session, fill)) return
        if (++sent === cutOffAt) return resolve()
      }
      if (session.unanswered === 0) resolve()
    }
    fill()
  })
}

function byCallback(session: Session, onSettled: () => void): boolean {
  const sequence = session.request('submit_sm', MESSAGE, (outcome) => {
    if (outcome.kind === 'late') return
    if (outcome.kind === 'timeout') counts.timedOut++
    else if (outcome.kind === 'closed') counts.cutOff++
    else onAnswer(outcome.pdu.command_status)
    onSettled()
  })
  return sequence !== undefined
}

function byPromise(session: Session, onSettled: () => void): void {
  session
    .send('submit_sm', MESSAGE, { signal: stopping.signal })
    .then(({ command_status }) => onAnswer(command_status), onFailed)
    .finally(onSettled)
}

function onAnswer(commandStatus: number): void {
  if (commandStatus === ESME_ROK) counts.answered++
  // The server has sent unbind, and asks the client to retry later.
  else if (commandStatus === ESME_RTHROTTLED) counts.throttled++
  else fail(`submit_sm_resp with command_status ${commandStatus}`)
}

function onFailed(error: unknown): void {
  const code = error instanceof RequestError ? error.code : String(error)
  if (code === 'TIMEOUT') counts.timedOut++
  else if (code === 'CLOSED' || code === 'ABORTED') counts.cutOff++
  else fail(code)
}

answerParent<SoakClientQuestion, SoakClientAnswer>(import.meta.url, async (question) => {
  before ??= holdings()
  if (question.kind === 'start') {
    for (let lane = 0; lane < question.sessions; lane++) {
      const { ca, port, tlsPort, windowSize } = question
      const isTls = lane % TLS_EVERY === TLS_EVERY - 1
      const centre = isTls ? { port: tlsPort, tls: { ca } } : { port, tls: false as const }
      const running = runLane(centre, windowSize, lane)
      lanes.push(running.catch((error: unknown) => fail(String(error))))
    }
  }
  if (question.kind === 'close') {
    stopping.abort()
    await Promise.all(lanes)
    left = await leftovers(before)
    const listeners = getEventListeners(stopping.signal, 'abort').length
    if (listeners > 0) left.push(`${listeners} listeners of an AbortSignal`)
  }
  return { ...counts, ...processMemory(), failures, leftovers: left }
})
