/**
 * The share of a pace that one of `slots` (numbered from 1) may send by itself: whole messages, the
 * remainder to the first ones, so that all shares together never exceed the pace in any second.
 * Where there are more slots than messages a second the last ones get nothing.
 */
export function paceShare(rate: number, slots: number, slot: number): number {
  if (rate < 1) return slot === 1 ? rate : 0
  const whole = Math.floor(rate)
  return Math.floor(whole / slots) + (slot <= whole % slots ? 1 : 0)
}
