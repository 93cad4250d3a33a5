// An SMPP server that only answers submit_sm: either our server or the one of the npm package
// `smpp`. Both decode each PDU completely, pass it to a handler, and answer with a message_id.
import { createServer } from 'smpp'
import { createSmppServer, ESME_ROK } from '../src/smpp/index.ts'
import { answerParent } from './askChild.ts'

export type ServerMake = 'signalbox' | 'npm smpp'

/** The first question starts the server named by `make`. Later questions only report its use. */
export interface ServerQuestion {
  readonly make?: ServerMake
}

export interface ServerUse {
  readonly port: number
  readonly answered: number
  readonly cpuSeconds: number
}

const HOST = '127.0.0.1'
const TIMERS = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  responseTimeoutMs: 30_000,
  inactivityTimeoutMs: 0,
}

let answered = 0
let port = 0

const listen: Record<ServerMake, () => Promise<number>> = {
  async signalbox() {
    const server = createSmppServer({
      systemId: 'bench',
      windowSize: 10,
      maxSessions: 100,
      timers: TIMERS,
      events: {
        onBind: (session, pdu) => session.acceptBind(pdu),
        requests: {
          submit_sm: (session, pdu) =>
            session.respond(pdu, ESME_ROK, { message_id: String(++answered) }),
        },
      },
    })
    return (await server.listen(0, HOST)).port
  },
  'npm smpp': () =>
    new Promise((resolve) => {
      const server = createServer((session) => {
        session.on('bind_transceiver', (pdu) => void session.send(pdu.response()))
        session.on('submit_sm', (pdu) => {
          session.send(pdu.response({ message_id: String(++answered) }))
        })
        session.on('error', () => session.destroy())
      })
      server.listen(0, HOST, () => resolve(server.address().port))
    }),
}

answerParent<ServerQuestion, ServerUse>(import.meta.url, async ({ make }) => {
  if (make) port = await listen[make]()
  const { user, system } = process.cpuUsage()
  return { port, answered, cpuSeconds: (user + system) / 1e6 }
})
