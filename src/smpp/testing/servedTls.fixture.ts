// A TLS server and clients for it. The tests of both sides use them.

import { onTestFinished } from 'vitest'
import { agreeable } from './agreeable.fixture.ts'
import type { RefusedConnection } from '../transport/arrival.ts'
import { TestAuthority } from './certificates.fixture.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import type { ClientTlsOptions } from '../transport/openSocket.ts'
import { Inbox } from './servedPeer.fixture.ts'
import type { Session } from '../session/session.ts'
import { createSmppServer, type SmppServerOptions } from '../endpoint/smppServer.ts'

export const authority = new TestAuthority('Test CA')
export const stranger = new TestAuthority('Another CA')
export const centre = authority.identity('centre.example')
export const WITH_CLIENT_CERTIFICATE = { ...centre, ca: authority.cert, requestCert: true }

/** Starts a server with one TLS port. It accepts every bind and closes at the end of the test. */
export async function served(options: Partial<SmppServerOptions> = {}) {
  const refused = new Inbox<RefusedConnection>()
  const bound = new Inbox<Session>()
  const server = createSmppServer({
    tls: centre,
    ...options,
    events: {
      ...agreeable,
      onBind(session, pdu) {
        bound.push(session)
        session.acceptBind(pdu)
      },
      onRefusedConnection: refused.push,
    },
  })
  onTestFinished(() => server.close())
  const listener = await server.listen(0, '127.0.0.1')
  return { server, listener, port: listener.port, refused, bound }
}

export function binding(port: number, tls: boolean | ClientTlsOptions) {
  return connectSmpp({
    host: '127.0.0.1',
    port,
    command: 'bind_transceiver',
    system_id: 'esme1',
    password: 'secret',
    tls,
  })
}

/** The error with which a bind over TLS rejects; undefined if it succeeds. */
export async function failing(port: number, tls: boolean | ClientTlsOptions): Promise<unknown> {
  return binding(port, tls).then(
    () => undefined,
    (error: unknown) => error,
  )
}
