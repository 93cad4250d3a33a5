import { describe, expect, test } from 'vitest'
import { pfxOf } from '../testing/certificates.fixture.ts'
import {
  authority,
  binding,
  centre,
  failing,
  served,
  stranger,
  WITH_CLIENT_CERTIFICATE,
} from '../testing/servedTls.fixture.ts'
import { createSmppServer } from '../endpoint/smppServer.ts'

describe('renewals', () => {
  const renewed = authority.identity('renewed')
  const strict = { ...WITH_CLIENT_CERTIFICATE, minVersion: 'TLSv1.3' } as const

  async function expectStrict(port: number, subject: string): Promise<void> {
    const ours = { ca: authority.cert, ...authority.identity('esme1') }
    const session = await binding(port, ours)
    expect(session.tls?.peerCertificate?.subject).toBe(subject)
    await session.unbind()
    const foreign = await failing(port, { ca: authority.cert, ...stranger.identity('esme1') })
    expect(foreign).toMatchObject({ name: 'SmppConnectError' })
    expect(await failing(port, { ...ours, maxVersion: 'TLSv1.2' })).toMatchObject({
      code: expect.stringContaining('PROTOCOL_VERSION'),
    })
  }

  test('a renewal changes only the certificate and keeps the CA and minVersion', async () => {
    const { port, server, listener } = await served({ tls: strict })
    await expectStrict(port, 'CN=centre.example')
    server.setSecureContext(renewed)
    await expectStrict(port, 'CN=renewed')
    listener.setSecureContext({ ...authority.identity('again'), ca: undefined })
    await expectStrict(port, 'CN=again')
  })

  test('a failed renewal changes nothing, and the next one keeps the former options', async () => {
    const { port, listener } = await served({ tls: strict })
    expect(() => listener.setSecureContext({ cert: 'no PEM', key: 'no PEM' })).toThrow('PEM')
    await expectStrict(port, 'CN=centre.example')
    listener.setSecureContext({ ca: [authority.cert] })
    await expectStrict(port, 'CN=centre.example')
  })

  test('cert and key replace a pfx, and a pfx replaces cert and key', async () => {
    const { port, listener } = await served({ tls: { pfx: pfxOf(centre), passphrase: 'p' } })
    const subject = async () => {
      const session = await binding(port, { ca: authority.cert })
      await session.unbind()
      return session.tls?.peerCertificate?.subject
    }
    expect(await subject()).toBe('CN=centre.example')
    listener.setSecureContext(renewed)
    expect(await subject()).toBe('CN=renewed')
    listener.setSecureContext({ pfx: pfxOf(authority.identity('again')), passphrase: 'p' })
    expect(await subject()).toBe('CN=again')
  })

  test('setSecureContext without options or on a port without TLS throws with advice', async () => {
    const { server, listener } = await served()
    expect(() => server.setSecureContext({})).toThrow('at least one option, such as cert and key')
    expect(() => listener.setSecureContext({ cert: undefined })).toThrow('at least one option')
    const plain = await server.listen({ port: 0, host: '127.0.0.1', tls: false })
    expect(() => plain.setSecureContext(renewed)).toThrow('this port does not use TLS')
    server.setSecureContext(renewed)
    await using other = createSmppServer({ events: {} })
    await other.listen(0, '127.0.0.1')
    expect(() => other.setSecureContext(renewed)).toThrow('listen with tls: { key, cert } first')
  })
})
