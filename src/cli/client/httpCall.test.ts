import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { findAdmin } from './adminClient.ts'
import { followOverHttp } from './followOverHttp.ts'
import type { FollowedStep } from '../../lab/followOverSmpp.ts'
import { httpCall } from './httpCall.ts'

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  // The address of a TCP listener is an object. Only the address of a pipe is a string.
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

function answering(status: number, body: unknown): RequestListener {
  return (request, response) => {
    request.resume()
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

test('the error for a refused connection asks whether Signalbox is running', async () => {
  await expect(httpCall({ url: 'http://127.0.0.1:1/x', token: 't' })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
    message: 'nothing answers at http://127.0.0.1:1: is Signalbox running (`npm start`)?',
  })
})

test('the error for a problem document contains the status and the detail', async () => {
  const url = await listen(answering(409, { title: 'Conflict', detail: 'it is in use' }))
  await expect(httpCall({ url, token: 't' })).rejects.toThrow(`${url} answered 409: it is in use`)
})

test('an error page from a proxy is shown unchanged', async () => {
  const url = await listen(answering(502, '<h1>Bad gateway</h1>'))
  await expect(httpCall({ url, token: 't' })).rejects.toThrow('answered 502: <h1>Bad gateway</h1>')
})

test('a successful response that is not JSON is an error', async () => {
  const url = await listen(answering(200, 'hello'))
  await expect(httpCall({ url, token: 't' })).rejects.toThrow('is it a Signalbox API?')
})

test('a rejected token and an invalid URL have their own error messages', async () => {
  const url = await listen(answering(401, { detail: 'no' }))
  const admin = await findAdmin({ url, token: 'wrong' })
  await expect(admin.get('/platform')).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' })
  await expect(findAdmin({ url: 'here', token: 't' })).rejects.toThrow('--url here is not a URL')
})

test('a message over HTTP is followed until its state is final', async () => {
  const states = [
    { state: 'ENROUTE', submittedAt: null, doneAt: null, error: null },
    { state: 'DELIVERED', submittedAt: '2026-11-23T10:00:00Z', doneAt: null, error: null },
  ]
  const url = await listen((request, response) => {
    const { method } = request
    answering(method === 'POST' ? 202 : 200, method === 'POST' ? { id: 'x' } : states.shift())(
      request,
      response,
    )
  })
  const steps: FollowedStep[] = []
  const sms = { to: '43664', from: 'me', text: 'hi' }
  const options = { timeoutMs: 5_000, onStep: (step: FollowedStep) => steps.push(step) }
  const outcome = await followOverHttp({ url, key: 'k' }, sms, options)
  expect(outcome).toEqual({ kind: 'delivered', messageId: 'x', state: 'DELIVERED' })
  expect(steps.map(({ step }) => step)).toEqual(['accepted', 'submitted', 'receipt'])
})

test('a rejected message is a normal outcome, but an unknown API key is an error', async () => {
  const sms = { to: '43664', from: 'me', text: 'hi' }
  const options = { timeoutMs: 5_000, onStep() {} }
  const refusing = await listen(answering(422, { detail: 'ESME_RINVDSTADR: no route' }))
  await expect(followOverHttp({ url: refusing, key: 'k' }, sms, options)).resolves.toEqual({
    kind: 'refused',
    status: '422 ESME_RINVDSTADR: no route',
  })
  const unknown = await listen(answering(401, { detail: 'send the API key' }))
  await expect(followOverHttp({ url: unknown, key: 'k' }, sms, options)).rejects.toThrow('--key')
})
