const LENGTH_MAX = 20

/** Source code with one `String.fromCharCode` call of the right arity for each short length. */
function shortTextSource(): string {
  const cases = Array.from({ length: LENGTH_MAX }, (_, index) => {
    const characters = Array.from({ length: index + 1 }, (__, at) => `b[s + ${at}]`)
    return `case ${index + 1}: return char(${characters.join(', ')})`
  })
  return `return (b, s, length) => {
    switch (length) { ${cases.join('\n')}\n default: return '' }
  }`
}

// oxlint-disable-next-line typescript/no-implied-eval -- twenty cases, one per arity
const shortText = new Function('char', shortTextSource())(String.fromCharCode) as (
  octets: Buffer,
  start: number,
  length: number,
) => string // the type of the generated function, which `new Function` cannot express

/**
 * Decodes octets[start, end) as Latin-1. Short texts are decoded without calling into native code:
 * a phone number takes 20 ns, compared with 45-65 ns for Buffer.toString.
 */
export function latin1Text(octets: Buffer, start: number, end: number): string {
  const length = end - start
  return length > LENGTH_MAX
    ? octets.toString('latin1', start, end)
    : shortText(octets, start, length)
}
