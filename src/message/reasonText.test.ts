import { expect, test } from 'vitest'
import { reasonText } from './reasonText.ts'

test('a reason is put on one line, shortened to 300 characters and made valid Unicode', () => {
  expect(reasonText('a\0b\r\nc')).toBe('a b  c')
  expect(reasonText('x'.repeat(5_000))).toHaveLength(300)
  // The limit splits the surrogate pair.
  expect(reasonText(`${'x'.repeat(299)}😀`)).toBe(`${'x'.repeat(299)}\ufffd`)
})
