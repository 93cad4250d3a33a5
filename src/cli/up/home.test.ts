import { expect, test } from 'vitest'
import { prepareHome } from './home.ts'

test('the error for a home folder that cannot be created names SIGNALBOX_HOME', () => {
  expect(() => prepareHome('/proc/x')).toThrow(
    /^cannot use the folder \/proc\/x: .* \(E[A-Z]+\)\. .*SIGNALBOX_HOME$/,
  )
})
