import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { confirm } from './confirm.ts'

async function answerTo(typed: string): Promise<{ answer: boolean; shown: string }> {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const answer = confirm({ input, output }, 'Delete 2 users?')
  input.end(typed)
  return { answer: await answer, shown: String(output.read()) }
}

test('only y or yes confirms, in any case and with surrounding spaces', async () => {
  for (const typed of ['y\n', 'yes\n', ' YES \n'])
    expect(await answerTo(typed)).toMatchObject({ answer: true })
  for (const typed of ['\n', 'n\n', 'yesterday\n', ''])
    expect(await answerTo(typed)).toMatchObject({ answer: false })
})

test('the prompt shows that no is the default', async () => {
  expect((await answerTo('\n')).shown).toContain('Delete 2 users? [y/N] ')
})
