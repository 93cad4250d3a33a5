import { expect, test } from 'vitest'
import { hashApiKey } from '../../platform/userSecrets.ts'
import { ACCEPTED } from '../../routing/routerCallWire.ts'
import { aliceWith, platformWith } from './customerDoor.fixture.ts'
import { MESSAGE, openHttpApi, WITH_KEY } from './httpApi.fixture.ts'
import { postWith, rawHttp } from './rawHttp.fixture.ts'

const HALF = postWith([...WITH_KEY, 'Content-Length: 1000'], '{')
const WHOLE = postWith([...WITH_KEY, `Content-Length: ${MESSAGE.length}`], MESSAGE)

test.each([
  ['nothing', ''],
  ['half a header', 'POST /v1/messages HTT'],
  ['headers without an end', 'POST /v1/messages HTTP/1.1\r\nHost: gateway\r\n'],
])('a client that sends %s gets 408 when the headers time out', async (_, octets) => {
  const { door, port } = await openHttpApi({ httpHeadersTimeoutMs: 40 })
  const client = await rawHttp(port)
  client.socket.write(octets)
  expect(await client.ended()).toMatch(/^HTTP\/1\.1 408 [^]*problem\+json[^]*not arrive completely/)
  await expect.poll(() => door.connections).toBe(0)
})

test('a request with half a body gets 408 when the request times out', async () => {
  const { port, submitted } = await openHttpApi({ httpRequestTimeoutMs: 40 })
  const client = await rawHttp(port)
  client.socket.write(HALF)
  expect(await client.ended()).toMatch(/^HTTP\/1\.1 408 /)
  expect(submitted).toEqual([])
})

test('a connection without another request is closed when keep-alive times out', async () => {
  const { port } = await openHttpApi({ httpKeepAliveTimeoutMs: 40 })
  const client = await rawHttp(port)
  client.socket.write(WHOLE)
  expect(await client.ended()).toMatch(/^HTTP\/1\.1 202 /)
})

test('connections over the limit are closed and counted until an open one ends', async () => {
  const { door, port } = await openHttpApi({ httpMaxConnections: 2 })
  const clients = [await rawHttp(port), await rawHttp(port)]
  for (const client of clients) client.socket.write(WHOLE)
  await Promise.all(clients.map((client) => client.until(' 202 ')))
  const third = await rawHttp(port)
  expect(await third.ended()).toBe('')
  expect([door.connections, door.droppedConnections]).toEqual([2, 1])
  clients[0]?.socket.destroy()
  await expect.poll(() => door.connections).toBe(1)
  const fourth = await rawHttp(port)
  fourth.socket.write(WHOLE)
  expect(await fourth.until(' 202 ')).toContain('accepted')
})

test('input that is not HTTP gets a problem document', async () => {
  const { port } = await openHttpApi()
  const client = await rawHttp(port)
  client.socket.write('\0\0\0\x10 bind\r\n\r\n')
  expect(await client.ended()).toMatch(/^HTTP\/1\.1 400 [^]*problem\+json/)
})

test.each([
  ['a wrong key', ['Authorization: Bearer wrong', 'Content-Length: 1000']],
  ['no key', ['Content-Length: 1000']],
])(
  'a request with %s gets 401 before its body arrives, and the connection stays usable',
  async (_, headers) => {
    const { port } = await openHttpApi()
    const client = await rawHttp(port)
    client.socket.write(postWith([...headers, 'Content-Type: application/json'], 'not json'))
    expect(await client.until('}')).toMatch(/^HTTP\/1\.1 401 /)
    client.socket.write('x'.repeat(1000 - 'not json'.length) + WHOLE)
    expect(await client.until(' 202 ')).toContain('accepted')
  },
)

test.each([['Content-Length: 70000'], ['Transfer-Encoding: chunked']])(
  'the long body of a request without a key is not read (%s)',
  async (header) => {
    const { port } = await openHttpApi()
    const client = await rawHttp(port)
    client.socket.write(postWith([header]))
    expect(await client.ended()).toMatch(/^HTTP\/1\.1 401 [^]*connection: close/i)
  },
)

test('a message is refused if its key is revoked while the body arrives', async () => {
  const api = await openHttpApi()
  const client = await rawHttp(api.port)
  client.socket.write(WHOLE.slice(0, -1))
  await expect.poll(() => api.octetsRead()).toBe(WHOLE.length - 1)
  api.platform = platformWith([aliceWith({ apiKeyHash: hashApiKey('another-key-of-sixteen') })])
  client.socket.write(WHOLE.slice(-1))
  expect(await client.until('}')).toMatch(/^HTTP\/1\.1 401 /)
  expect(api.submitted).toEqual([])
})

test('a drain answers complete requests and closes idle and half-sent connections', async () => {
  const api = await openHttpApi()
  const [accepted, idle, half, anonymous] = [
    await rawHttp(api.port),
    await rawHttp(api.port),
    await rawHttp(api.port),
    await rawHttp(api.port),
  ]
  idle.socket.write(WHOLE)
  await idle.until(' 202 ')
  half.socket.write(HALF)
  anonymous.socket.write(WHOLE.slice(0, 40))
  api.isHolding = true
  accepted.socket.write(WHOLE)
  await expect.poll(() => api.held.length).toBe(1)
  await expect.poll(() => api.octetsRead()).toBe(2 * WHOLE.length + HALF.length + 40)

  let isDrained = false
  const drained = api.door.drain(60_000).then(() => (isDrained = true))
  expect(await idle.ended()).toMatch(/^HTTP\/1\.1 202 /)
  expect(await half.ended()).toBe('')
  expect(await anonymous.ended()).toBe('')
  expect(isDrained).toBe(false)
  api.held[0]?.(ACCEPTED)
  expect(await accepted.ended()).toMatch(/^HTTP\/1\.1 202 [^]*connection: close/i)
  await drained
  await expect.poll(() => api.door.connections).toBe(0)
})

test('a request that completes during a drain gets 503', async () => {
  const api = await openHttpApi()
  const [accepted, late] = [await rawHttp(api.port), await rawHttp(api.port)]
  api.isHolding = true
  accepted.socket.write(WHOLE)
  late.socket.write(WHOLE.slice(0, 10))
  await expect.poll(() => api.held.length).toBe(1)
  await expect.poll(() => api.octetsRead()).toBe(WHOLE.length + 10)
  const drained = api.door.drain(60_000)
  late.socket.write(WHOLE.slice(10))
  expect(await late.ended()).toMatch(/^HTTP\/1\.1 503 [^]*problem\+json[^]*shutting down/)
  api.held[0]?.(ACCEPTED)
  await drained
  expect(accepted.text()).toMatch(/^HTTP\/1\.1 202 /)
})

test('a drain ends after its time limit even if a request is not answered', async () => {
  const api = await openHttpApi()
  const client = await rawHttp(api.port)
  api.isHolding = true
  client.socket.write(WHOLE)
  await expect.poll(() => api.held.length).toBe(1)
  await api.door.drain(1)
  expect(await client.ended()).toBe('')
})
