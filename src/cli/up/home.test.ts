import { expect, test } from 'vitest'
import { prepareHome } from './home.ts'

test('a home folder that cannot be created is an error that names SIGNALBOX_HOME', () => {
  expect(() => prepareHome('/proc/x')).toThrow(
    /^cannot use the folder \/proc\/x: .* \(E[A-Z]+\)\. .*SIGNALBOX_HOME$/,
  )
})
