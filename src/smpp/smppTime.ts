/**
 * Whether this is a time of SMPP 3.4 §7.1.1: `YYMMDDhhmmsstnnp` with p `+` or `-` (absolute, nn
 * quarter hours from UTC) or `R` (relative, digits of any value).
 */
export function isSmppTime(text: string): boolean {
  if (!/^\d{15}[-+R]$/.test(text)) return false
  if (text[15] === 'R') return true
  const part = (start: number) => Number(text.slice(start, start + 2))
  const within = (start: number, min: number, max: number) =>
    part(start) >= min && part(start) <= max
  return (
    within(2, 1, 12) &&
    within(4, 1, 31) &&
    within(6, 0, 23) &&
    within(8, 0, 59) &&
    within(10, 0, 59) &&
    within(13, 0, 48)
  )
}
