import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import {
  ESME_RINVDSTADR,
  ESME_RINVEXPIRY,
  ESME_RINVMSGLEN,
  ESME_RINVSRCADR,
  ESME_RMSGQFUL,
  ESME_RSUBMITFAIL,
  ESME_RTHROTTLED,
} from '../../smpp/index.ts'
import { API_KEY, openHttpApi } from './httpApi.fixture.ts'

type Api = Awaited<ReturnType<typeof openHttpApi>>

const MESSAGE = { to: '31612345678', from: 'Signalbox', text: 'hello' }

async function post({ port }: Api, body: unknown, authorization = `Bearer ${API_KEY}`) {
  const response = await fetch(`http://127.0.0.1:${port}/v1/messages`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
  })
  // Every answer is an object: an accepted message or a problem document.
  const answer = (await response.json()) as Readonly<Record<string, unknown>>
  return { status: response.status, headers: response.headers, answer }
}

const SENDER =
  'expected a number of at most 15 digits or a name of at most 11 characters of the GSM alphabet'
const NUMBER = 'expected a number in international form: 7 to 15 digits, + optional'

test.each([
  [{ ...MESSAGE, from: undefined }, ['from: missing; expected text']],
  [{ ...MESSAGE, from: '' }, [`from: ${SENDER}, got ""`]],
  [{ ...MESSAGE, from: 'SixteenLettersXX' }, [`from: ${SENDER}, got "SixteenLettersXX"`]],
  [{ ...MESSAGE, to: '316' }, [`to: ${NUMBER}, got "316"`]],
  [{ ...MESSAGE, to: 31612345678 }, ['to: expected text, got 31612345678']],
  [{ ...MESSAGE, text: '' }, ['text: expected text of 1 to 10000 characters, got ""']],
  [{ ...MESSAGE, txt: 'x' }, ['body: unknown key "txt"; did you mean "text"?']],
  [
    { ...MESSAGE, registered_delivery: 99 },
    ['registered_delivery: expected a number from 0 to 31, got 99'],
  ],
  [{ ...MESSAGE, validity: 0 }, ['validity: expected a number from 1 to 2592000, got 0']],
  [
    {},
    [
      'to: missing; expected text',
      'from: missing; expected text',
      'text: missing; expected text of 1 to 10000 characters',
    ],
  ],
  [[], ['body: expected an object with to, from, text, registered_delivery, validity, got a list']],
])('the answer to the invalid body %j describes the error of each field', async (body, errors) => {
  const api = await openHttpApi()
  const { answer, headers, status } = await post(api, body)
  expect(status).toBe(400)
  expect(headers.get('content-type')).toContain('application/problem+json')
  expect(answer).toMatchObject({ detail: errors.join('; '), errors })
  expect(api.submitted).toEqual([])
})

test('error texts contain no JavaScript types and no SMPP field names', async () => {
  const api = await openHttpApi()
  const value = fc.oneof(
    fc.constant(undefined),
    fc.jsonValue({ maxDepth: 1, noUnicodeString: true }),
  )
  const body = fc.oneof(
    fc.record({ to: value, from: value, text: value, registered_delivery: value, validity: value }),
    value,
  )
  await fc.assert(
    fc.asyncProperty(body, async (given) => {
      const { answer, status } = await post(api, given ?? null)
      if (status === 202) return
      expect(status).toBe(400)
      // If the JSON parser refuses the body, for example because of the key "__proto__", the answer
      // has no `errors`.
      const { detail, errors = [detail] } = answer
      // The text after ", got" repeats the value from the request, so only the text before it is
      // checked.
      const ours = (Array.isArray(errors) ? errors : []).map((one) => String(one).split(', got')[0])
      expect(ours.join()).not.toMatch(/received|undefined|string|_addr|Invalid/)
      expect(ours.length).toBeGreaterThan(0)
    }),
    { numRuns: 50 },
  )
})

test.each([
  [ESME_RINVDSTADR, 422, 'to: said the router'],
  [ESME_RINVSRCADR, 422, 'from: said the router'],
  [ESME_RINVMSGLEN, 422, 'text: said the router'],
  [ESME_RINVEXPIRY, 422, 'validity: said the router'],
  [ESME_RSUBMITFAIL, 422, 'said the router'],
  [ESME_RTHROTTLED, 429, 'said the router'],
  [ESME_RMSGQFUL, 503, 'said the router'],
])(
  "the answer to a router's refusal with status %i names the field of the request",
  async (commandStatus, status, detail) => {
    const api = await openHttpApi()
    api.verdict = { kind: 'refused', commandStatus, reason: 'said the router' }
    const { answer, ...response } = await post(api, MESSAGE)
    expect(response.status).toBe(status)
    expect(answer).toMatchObject({ detail })
  },
)

test('a missing and a wrong API key get different details and challenges', async () => {
  const api = await openHttpApi()
  const missing = await post(api, MESSAGE, '')
  const scheme = await post(api, MESSAGE, `Basic ${API_KEY}`)
  for (const { answer, headers, status } of [missing, scheme]) {
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toBe('Bearer realm="signalbox"')
    expect(answer['detail']).toContain('the API key is missing')
  }
  const wrong = await post(api, MESSAGE, `Bearer ${API_KEY}x`)
  expect(wrong.status).toBe(401)
  expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(wrong.answer['detail']).toContain('this API key is unknown')
})

test.each([3_600_000, -3_600_000])(
  'a newly accepted message is ENROUTE even if the clock has stepped by %d ms',
  async (stepMs) => {
    const api = await openHttpApi()
    const { answer } = await post(api, MESSAGE)
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + stepMs)
    const headers = { authorization: `Bearer ${API_KEY}`, connection: 'close' }
    const url = `http://127.0.0.1:${api.port}/v1/messages/${String(answer['id'])}`
    const response = await fetch(url, { headers })
    expect(await response.json()).toMatchObject({ state: 'ENROUTE' })
  },
)
