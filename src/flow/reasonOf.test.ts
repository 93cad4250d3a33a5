import { expect, test } from 'vitest'
import { isExpected, reasonOf } from './reasonOf.ts'

const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:2775'), {
  code: 'ECONNREFUSED',
})

test('the reason has the messages of the error and its causes, each once', () => {
  const quoting = new Error(`the store cannot be reached: ${refused.message}`, { cause: refused })
  expect(reasonOf(quoting)).toBe('the store cannot be reached: connect ECONNREFUSED 10.0.0.1:2775')
  const plain = new Error('the checkpoint cannot be read', { cause: new Error('no msgpack') })
  expect(reasonOf(plain)).toBe('the checkpoint cannot be read: no msgpack')
  expect(reasonOf(new Error('outer', { cause: quoting }))).toBe(
    'outer: the store cannot be reached: connect ECONNREFUSED 10.0.0.1:2775',
  )
})

test('the reason of an AggregateError has the messages of its errors, each once', () => {
  const timedOut = new Error('connect ETIMEDOUT ::1:2775')
  expect(reasonOf(new AggregateError([refused, timedOut, refused]))).toBe(
    'connect ECONNREFUSED 10.0.0.1:2775; connect ETIMEDOUT ::1:2775',
  )
})

test('an error without a message is described by its name, and circular causes are cut off', () => {
  const loop = new Error('one')
  loop.cause = new Error('two', { cause: loop })
  expect(reasonOf(loop)).toMatch(/^one: two/)
  expect(reasonOf(new TypeError(''))).toBe('TypeError')
  expect(reasonOf('a text')).toBe('a text')
})

test('errors of peers and timeouts are expected, and defects are not', () => {
  expect(isExpected(refused)).toBe(true)
  expect(isExpected(new DOMException('took too long', 'TimeoutError'))).toBe(true)
  expect(isExpected(new TypeError('x is not a function'))).toBe(false)
  const misused = Object.assign(new TypeError('bad argument'), { code: 'ERR_INVALID_ARG_TYPE' })
  expect(isExpected(misused)).toBe(false)
})
