// No message reaches its SMSC after its validity has ended, and the customer gets the receipt while
// the SMSC is still down.

import { onTestFinished, expect, test, vi } from 'vitest'
import { writeRelativeTime } from '../src/smpp/index.ts'
import { adminCall } from './adminCall.ts'
import { Customer } from './customer.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'
import { ScriptedSmsc } from './scriptedSmsc.ts'

const [EXPIRING, EXPIRING_BY_DEFAULT, WAITING] = ['31600000001', '31600000002', '31600000003']
const RECEIPT_WITHIN_MS = 15_000
const PATIENCE = { timeout: 30_000, interval: 100 }
const FAILURES_ONLY = 2

test('messages expire while their SMSC is down, and are never submitted to it', async () => {
  const platform = await ScriptedPlatform.start()
  onTestFinished(() => platform.stop())
  const { customer } = platform
  const brief = await briefCustomer(platform)
  await platform.untilSettled()
  await platform.smsc.close()
  const binds = () => platform.metric('workers', 'workers_binds', 'connector="north"')
  await expect.poll(binds, PATIENCE).toBe(0)

  const submittedAtMs = Date.now()
  const text = Buffer.from('hello')
  const validity = writeRelativeTime(3)
  const expiring = await customer.attempt(EXPIRING, FAILURES_ONLY, text, validity)
  const byDefault = await brief.submit(EXPIRING_BY_DEFAULT)
  const waiting = await customer.submit(WAITING)
  const inTime = { timeout: RECEIPT_WITHIN_MS, interval: 50 }
  const stats = () => [customer.stats(expiring.messageId), brief.stats(byDefault)]
  await expect.poll(stats, inTime).toEqual([['EXPIRED'], ['EXPIRED']])
  expect(Date.now() - submittedAtMs).toBeGreaterThan(3_000)
  expect(Date.now() - submittedAtMs).toBeLessThan(RECEIPT_WITHIN_MS)
  const { state, steps } = await platform.trace(expiring.messageId)
  expect(state).toBe('EXPIRED')
  expect(steps.find(({ step }) => step === 'expired')?.detail).toContain('while it waited')
  expect(customer.stats(waiting)).toEqual([])

  const returned = new ScriptedSmsc()
  await returned.listen(platform.smscPort)
  onTestFinished(() => returned.close())
  await expect.poll(() => returned.takenFor(WAITING).length, PATIENCE).toBe(1)
  await platform.untilSettled()
  expect(returned.taken.map(({ destination }) => destination)).toEqual([WAITING])
  const expired = await platform.outcomes('expired', 'north')
  expect(expired).toBe(2)
})

/** Binds a customer whose messages are valid for three seconds unless they state a period. */
async function briefCustomer({ place, stack }: ScriptedPlatform): Promise<Customer> {
  const put = (path: string, body: object) => adminCall(stack.ready.admin, 'PUT', path, body)
  await put('/admin/v1/accounts/brief', { id: 'brief', defaultLifetimeSeconds: 3 })
  await put('/admin/v1/users/brief', { id: 'brief', account: 'brief', password: 'longpass' })
  const customer = new Customer()
  const bind = () => customer.bind({ ...place, systemId: 'brief' })
  // The gateway and the router each load the customer a moment after the change in the admin API.
  await vi.waitFor(bind, PATIENCE)
  await vi.waitFor(() => customer.submit('31600000000', 0), PATIENCE)
  onTestFinished(() => customer.unbind())
  return customer
}
