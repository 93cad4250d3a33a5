// The server of `prove -- protocol-soak`. It answers submit_sm, except one in 5,000, sends a
// deliver_sm for every tenth submit_sm, and unbinds a session after every 70,001st submit_sm.
import { TestAuthority } from '../src/smpp/testing/certificates.fixture.ts'
import { createSmppServer, ESME_ROK, type Pdu, type Session } from '../src/smpp/index.ts'
import { answerParent } from './askChild.ts'
import { type Holdings, holdings, leftovers } from './leftovers.ts'
import { processMemory, type ProcessMemory } from './processMemory.ts'

export type SoakServerQuestion = { readonly kind: 'listen' | 'use' | 'close' }

export interface SoakServerAnswer extends ProcessMemory {
  readonly port: number
  readonly tlsPort: number
  /** Certificate of the authority that signed the certificate at tlsPort, in PEM. */
  readonly ca: string
  readonly submits: number
  readonly delivered: number
  readonly unanswered: number
  readonly bound: number
  readonly open: number
  /** The resources that are left after `close`. */
  readonly leftovers: readonly string[]
}

const DELIVER_EVERY = 10
const SILENT_EVERY = 5_000
const LEAVE_EVERY = 70_001
const HOST = '127.0.0.1'

const authority = new TestAuthority('soak authority')

let before: Holdings | undefined
let port = 0
let tlsPort = 0
let left: string[] = []
const counts = { submits: 0, delivered: 0, unanswered: 0, bound: 0 }

const server = createSmppServer({
  systemId: 'soak',
  windowSize: 50,
  maxSessions: 100,
  timers: {
    sessionInitTimeoutMs: 5_000,
    enquireLinkIntervalMs: 1_000,
    responseTimeoutMs: 2_000,
    inactivityTimeoutMs: 0,
  },
  events: {
    onBind(session, pdu) {
      counts.bound++
      session.acceptBind(pdu)
    },
    requests: { submit_sm: (session, pdu) => receive(session, pdu) },
  },
})

function receive(session: Session, pdu: Pdu<'submit_sm'>): void {
  const nth = ++counts.submits
  if (nth % SILENT_EVERY === 0) counts.unanswered++
  else session.respond(pdu, ESME_ROK, { message_id: String(nth) })
  if (nth % DELIVER_EVERY === 0) deliver(session, pdu)
  if (nth % LEAVE_EVERY === 0) void session.unbind()
}

function deliver(session: Session, pdu: Pdu<'submit_sm'>): void {
  const { source_addr: destination_addr, destination_addr: source_addr, short_message } = pdu
  session.request('deliver_sm', { source_addr, destination_addr, short_message }, ({ kind }) => {
    if (kind === 'response') counts.delivered++
  })
}

answerParent<SoakServerQuestion, SoakServerAnswer>(import.meta.url, async ({ kind }) => {
  before ??= holdings()
  if (kind === 'listen') {
    port = (await server.listen(0, HOST)).port
    tlsPort = (await server.listen(0, HOST, { tls: authority.identity('soak') })).port
  }
  if (kind === 'close') {
    await server.close()
    left = await leftovers(before)
  }
  const { cert: ca } = authority
  const { size: open } = server.sessions
  return { ...counts, ...processMemory(), port, tlsPort, ca, open, leftovers: left }
})
