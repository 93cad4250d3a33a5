/**
 * A connector's pace is the maximum rate at which it may submit, in messages a second. It is
 * divided among the slots for the connector's binds, which are numbered from 1 to `slots`. Returns
 * the share of one slot. Shares are whole numbers, so that all slots together never exceed the pace
 * in any second. The remainder goes to the first slots. If there are more slots than messages a
 * second, the last slots get 0. A pace below one message a second goes to the first slot alone.
 */
export function paceShare(rate: number, slots: number, slot: number): number {
  if (rate < 1) return slot === 1 ? rate : 0
  const whole = Math.floor(rate)
  return Math.floor(whole / slots) + (slot <= whole % slots ? 1 : 0)
}
