// Reads the metrics pages of all six components after some traffic. They follow the naming
// conventions, contain the metrics that docs/metrics.md lists, and distinguish an SMSC that is down
// from one that is bound.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { METRICS } from '../scripts/metricsReference.ts'
import { differences, lintPage, readPage } from './metricsLint.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'

const PATIENCE = { timeout: 30_000, interval: 100 }
const EXPORTERS_READ_EVERY_MS = 2_000

let platform: ScriptedPlatform
beforeAll(async () => {
  platform = await ScriptedPlatform.start()
  await sendAndReceive(platform)
})
afterAll(() => platform.stop())

test('messages are counted by account class, status, connector and result', async () => {
  const of = (process: string, name: string, label: string) => platform.metric(process, name, label)
  const standard = 'account_class="standard"'
  const refused = `${standard},command_status="ESME_RINVDSTADR"`
  const inTime = { timeout: 3 * EXPORTERS_READ_EVERY_MS, interval: 100 }
  expect(await of('gateway', 'gateway_refused_messages_total', refused)).toBe(1)
  // ScriptedPlatform submitted one more message when it started.
  expect(await of('gateway', 'gateway_accepted_messages_total', standard)).toBe(2)
  const verdicts = () => of('gateway', 'gateway_verdict_seconds_count', '')
  expect(await verdicts()).toBeGreaterThanOrEqual(3)
  const north = 'connector="north"'
  expect(await platform.outcomes('submitted', 'north')).toBe(2)
  const ok = `${north},command_status="ESME_ROK"`
  expect(await of('workers', 'workers_submit_responses_total', ok)).toBe(2)
  for (const name of ['submit_response', 'accept_to_submit'])
    expect(await of('workers', `workers_${name}_seconds_count`, north)).toBe(2)
  const delivered = `${north},message_state="DELIVERED"`
  expect(await of('workers', 'workers_receipts_total', delivered)).toBe(1)
  expect(await of('workers', 'workers_submit_to_receipt_seconds_count', north)).toBe(1)
  const acknowledged = () => of('gateway', 'gateway_deliveries_total', 'result="acknowledged"')
  await expect.poll(acknowledged, inTime).toBe(1)
})

test('the metrics of all components follow the conventions and match their reference', async () => {
  const pages = await pagesOf(platform)
  for (const [component, text] of pages) expect(lintPage(text, component)).toEqual([])
  expect(differences(pages)).toEqual([])
  for (const [component, text] of pages)
    expect(summary(readPage(text).families)).toEqual(summary(METRICS[component] ?? []))
})

test('binds are counted while they are up, and bind slots while they are leased', async () => {
  const binds = () => platform.metric('exporters', 'upstream_binds', 'connector="north"')
  await expect.poll(binds, PATIENCE).toBe(2)
  await platform.smsc.close()
  await expect.poll(binds, PATIENCE).toBe(0)
  const slots = (name: string) =>
    platform.metric('exporters', `upstream_bind_slots_${name}`, 'connector="north"')
  expect([await slots('leased'), await slots('configured')]).toEqual([2, 2])
})

/** Submits one message that is delivered and one that is refused. */
async function sendAndReceive({ customer, smsc }: ScriptedPlatform): Promise<void> {
  const messageId = await customer.submit('31600000001')
  await vi.waitUntil(() => smsc.takenFor('31600000001').length === 1, PATIENCE)
  const { session } = smsc.takenFor('31600000001')[0]!
  const id = `UP-${smsc.taken.findIndex(({ destination }) => destination === '31600000001')}`
  await smsc.receipt(session, { id, stat: 'DELIVRD' })
  await vi.waitUntil(() => customer.stats(messageId).length === 1, PATIENCE)
  await customer.attempt('12', 0)
}

async function pagesOf({ stack }: ScriptedPlatform): Promise<Map<string, string>> {
  const { ports } = stack.ready
  const pages = Object.keys(METRICS).map(async (component): Promise<[string, string]> => {
    const answer = await fetch(`http://127.0.0.1:${ports[component]}/metrics`)
    return [component, await answer.text()]
  })
  return new Map(await Promise.all(pages))
}

interface Described {
  readonly name: string
  readonly help: string
}

function summary(families: readonly Described[]): string[] {
  return families.map(({ help, name }) => `${name}: ${help}`).toSorted()
}
