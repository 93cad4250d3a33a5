import { expect, test } from 'vitest'
import { numberForms } from './numberForms.ts'

test.each(['31612345678', '+31612345678', '0031612345678', '+31 6 1234-5678', '(0031) 6.12345678'])(
  '%s is reduced to the digits of the number',
  (typed) => {
    expect(numberForms(typed)?.digits).toBe('31612345678')
  },
)

test('the written form of a number is kept only if it differs from the digits', () => {
  expect(numberForms('+31 612')).toEqual({ digits: '31612', written: '+31612' })
  expect(numberForms('0031612')).toEqual({ digits: '31612', written: '0031612' })
  expect(numberForms('31612')?.written).toBeUndefined()
})

test('a number with a single leading zero is not changed', () => {
  expect(numberForms('0612345678')?.digits).toBe('0612345678')
})

test('the name of a sender is only trimmed', () => {
  expect(numberForms(' My Shop-1 ')).toEqual({ digits: 'My Shop-1', written: undefined })
})

test.each(['', '  ', '+', '00'])('"%s" never gives an empty number', (typed) => {
  expect(numberForms(typed)?.digits).not.toBe('')
})
