import { expect, test } from 'vitest'
import { prepareHome } from './home.ts'

test('a home where no folder can be made is an error', () => {
  expect(() => prepareHome('/proc/x')).toThrow(
    /^cannot use the folder \/proc\/x: .* \(E[A-Z]+\)\. .*SIGNALBOX_HOME$/,
  )
})
