// Stops each process for a while in the middle of traffic. No message is lost, and no bind is
// closed on either side.

import { expect, test } from 'vitest'
import { stopFor } from '../src/lab/stopFor.ts'
import { amidTraffic } from './amidTraffic.ts'
import {
  expectCustomerBindsKept,
  expectNothingLost,
  expectRefusedForNow,
  expectResumed,
  expectUpstreamBindsKept,
  PARTS,
  stackFor,
  TRAFFIC,
} from './partsInTrouble.ts'

const STOP_MS = 20_000

test.each(PARTS)('SIGSTOP of %s for 20 s loses no message and closes no bind', async (victim) => {
  const stack = await stackFor()
  const before = stack.pids()
  const outcome = await amidTraffic(stack, TRAFFIC, () => stopFor(stack.pidOf(victim), STOP_MS))
  expectNothingLost(outcome)
  expectRefusedForNow(outcome)
  expectResumed(outcome, victim)
  expectCustomerBindsKept(outcome)
  expectUpstreamBindsKept(outcome)
  expect(stack.pids()).toEqual(before)
})
