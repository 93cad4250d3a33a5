import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A child process that answers questions, one at a time. */
export interface Child<Question, Answer> {
  readonly pid: number
  /** Rejects with the child's message if the question failed, or if the child has ended. */
  ask(question: Question): Promise<Answer>
  stop(): Promise<void>
}

type Said<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly message: string }

/** Starts a file in this folder that calls answerParent. `execArgv` holds options for Node. */
export function askChild<Question extends object, Answer>(
  file: string,
  execArgv: readonly string[] = [],
): Child<Question, Answer> {
  const child = fork(join(import.meta.dirname, file), {
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...execArgv],
  })
  const ended = once(child, 'exit')
  return {
    pid: child.pid ?? 0,
    async ask(question) {
      const said = Promise.race([once(child, 'message'), ended.then(() => undefined)])
      if (child.connected) child.send(question)
      const [message] = (await said) ?? [{ kind: 'failed', message: 'the process ended' }]
      // The other end of the channel is answerParent below.
      const answer = message as Said<Answer>
      if (answer.kind === 'answer') return answer.answer
      throw new Error(`${file} failed: ${answer.message}`)
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Answers the questions of askChild. Does nothing if `module` was imported by another module. */
export function answerParent<Question, Answer>(
  module: string,
  answer: (question: Question) => Promise<Answer>,
): void {
  if (!process.send || process.argv[1] !== fileURLToPath(module)) return
  const say = (said: Said<Answer>) => void process.send?.(said)
  process.on('message', (question) => {
    // The other end of the channel is askChild above, with the same types.
    answer(question as Question)
      .then((found) => say({ kind: 'answer', answer: found }))
      .catch((error: unknown) => say({ kind: 'failed', message: String(error) }))
  })
  // The parent has ended.
  process.on('disconnect', () => process.exit())
}
