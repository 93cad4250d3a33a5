import { afterEach, expect, test } from 'vitest'
import { ESME_ROK } from '../wire/commandStatus.ts'
import { sessionPair, type SessionPair } from '../testing/sessionPair.fixture.ts'

let pair: SessionPair

async function start(...options: Parameters<typeof sessionPair>): Promise<SessionPair> {
  pair = await sessionPair(...options)
  return pair
}

afterEach(() => pair.stop())

test('resizing the window of an open session loses no request', async () => {
  let timesFree = 0
  const { esme, submits } = await start({
    windowSize: 1,
    events: { onWindowFree: () => timesFree++ },
  })
  const statuses: number[] = []
  const submit = () =>
    esme.request('submit_sm', {}, (outcome) => {
      if (outcome.kind === 'response') statuses.push(outcome.pdu.command_status)
    })
  expect([submit(), submit()]).toEqual([expect.any(Number), undefined])
  esme.adjust({ windowSize: 3 })
  expect(timesFree).toBe(1)
  expect([submit(), submit(), submit()].map((sent) => sent !== undefined)).toEqual([
    true,
    true,
    false,
  ])
  esme.adjust({ windowSize: 1 })
  expect(esme.windowFree).toBe(0)
  for (let count = 0; count < 3; count++) {
    const { session, pdu } = await submits.next()
    session.respond(pdu, ESME_ROK)
  }
  await expect.poll(() => statuses).toEqual([ESME_ROK, ESME_ROK, ESME_ROK])
  expect(esme.windowFree).toBe(1)
})

test('a shortened response timer applies to requests that are already pending', async () => {
  const { esme } = await start({ timers: { responseTimeoutMs: 60_000 } })
  const outcomes: string[] = []
  esme.request('submit_sm', {}, ({ kind }) => outcomes.push(kind))
  esme.adjust({ timers: { responseTimeoutMs: 50 } })
  await expect.poll(() => outcomes).toEqual(['timeout'])
})

test('a shortened enquire_link interval takes effect immediately', async () => {
  let enquiries = 0
  const { centre, esme } = await start(
    { timers: { enquireLinkIntervalMs: 0 } },
    { events: { onPduReceived: (_, id) => (enquiries += id === ENQUIRE_LINK ? 1 : 0) } },
  )
  esme.adjust({ timers: { enquireLinkIntervalMs: 20 } })
  await expect.poll(() => enquiries).toBeGreaterThan(1)
  expect(centre.state).toBe('BOUND_TRX')
})

test('adjust rejects invalid options and has no effect on a closed session', async () => {
  const { esme } = await start()
  expect(() => esme.adjust({ windowSize: 0 })).toThrow(RangeError)
  // JavaScript callers can misspell an option.
  expect(() => esme.adjust({ windowsize: 5 } as object)).toThrow('did you mean windowSize?')
  esme.close('the test ends it')
  esme.adjust({ windowSize: 5, timers: { enquireLinkIntervalMs: 5 } })
  expect(esme.windowFree).toBe(0)
})

const ENQUIRE_LINK = 0x15
