import { expect, test } from 'vitest'
import { numberForms } from './numberForms.ts'

test.each(['31612345678', '+31612345678', '0031612345678', '+31 6 1234-5678', '(0031) 6.12345678'])(
  '%s means the digits of the number',
  (typed) => {
    expect(numberForms(typed)?.digits).toBe('31612345678')
  },
)

test('a source may also be stored as the person writes it', () => {
  expect(numberForms('+31 612')).toEqual({ digits: '31612', written: '+31612' })
  expect(numberForms('0031612')).toEqual({ digits: '31612', written: '0031612' })
  expect(numberForms('31612')?.written).toBeUndefined()
})

test('a short number with a leading zero stays as it is', () => {
  expect(numberForms('0612345678')?.digits).toBe('0612345678')
})

test('the name of a sender is taken to the letter', () => {
  expect(numberForms(' My Shop-1 ')).toEqual({ digits: 'My Shop-1', written: undefined })
})

test.each(['', '  ', '+', '00'])('"%s" is no number', (typed) => {
  expect(numberForms(typed)?.digits).not.toBe('')
})
