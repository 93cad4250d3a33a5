import { expect, test } from 'vitest'
import { reasonText } from './reasonText.ts'

test('a reason stays on one line, is bounded, and is text that UTF-8 can carry', () => {
  expect(reasonText('a\0b\r\nc')).toBe('a b  c')
  expect(reasonText('x'.repeat(5_000))).toHaveLength(300)
  // Cut in the middle of a surrogate pair.
  expect(reasonText(`${'x'.repeat(299)}😀`)).toBe(`${'x'.repeat(299)}\ufffd`)
})
