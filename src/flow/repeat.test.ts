import { expect, test } from 'vitest'
import { repeat } from './repeat.ts'

test('a different kind of error in the same outage is also reported', async () => {
  const troubles: string[] = []
  const refused = Object.assign(new Error('refused'), { code: 'QUERY_REFUSED' })
  const away = Object.assign(new Error('away'), { code: 'STORE_UNAVAILABLE' })
  const failures = [away, away, refused, away, refused]
  await new Promise<void>((resolve) => {
    const stop = repeat(
      0,
      'counting',
      async () => {
        const failure = failures.shift()
        if (failure) throw failure
        stop()
        resolve()
      },
      (what, error) => troubles.push(`${what}: ${error.message}`),
    )
  })
  expect(troubles).toEqual(['counting: away', 'counting: refused'])
})

test('work is repeated after success and failure, and each outage is reported once', async () => {
  const troubles: string[] = []
  const outcomes = ['fail', 'fail', 'ok', 'fail', 'ok']
  let runs = 0
  const finished = new Promise<void>((resolve) => {
    const stop = repeat(
      0,
      'counting',
      async () => {
        const outcome = outcomes[runs++]
        if (runs === outcomes.length) {
          stop()
          resolve()
        }
        if (outcome === 'fail') throw new Error(`run ${runs}`)
      },
      (what, error) => troubles.push(`${what}: ${error.message}`),
    )
  })
  await finished
  expect(runs).toBe(5)
  expect(troubles).toEqual(['counting: run 1', 'counting: run 4'])
})
