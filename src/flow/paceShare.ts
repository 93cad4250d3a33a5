/**
 * The share of a pace, in messages a second, for one of `slots`, which are numbered from 1. Shares
 * are whole messages, so that all slots together never exceed the pace in any second. The remainder
 * goes to the first slots. If there are more slots than messages a second, the last slots get 0. A
 * pace below one goes to the first slot alone.
 */
export function paceShare(rate: number, slots: number, slot: number): number {
  if (rate < 1) return slot === 1 ? rate : 0
  const whole = Math.floor(rate)
  return Math.floor(whole / slots) + (slot <= whole % slots ? 1 : 0)
}
