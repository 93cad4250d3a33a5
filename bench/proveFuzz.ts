// Sends mutated encodings of every kind of PDU through the framer, the decoder and the sessions of
// both sides. Messages among them also pass through the readers of texts, receipts and message
// parts. No code may throw, write octets that are not a PDU, lose a request, or hold octets beyond
// the limit.
import { seededRandom } from '../src/lab/seededRandom.ts'
import { fuzzSessions, type FuzzCounts } from '../src/smpp/testing/fuzzSessions.fixture.ts'
import type { Proof, ProofOptions } from './proof.ts'

const PROGRESS_PDUS = 250_000

export async function proveFuzz({
  minutes,
  count,
  seed,
  onProgress,
}: ProofOptions): Promise<Proof> {
  const endMs = performance.now() + minutes * 60_000
  const failures: string[] = []
  const onException = (error: Error) => failures.push(error.stack ?? error.message)
  // Without this listener, an exception in a timer or a later tick would end this process.
  process.on('uncaughtException', onException)
  let shown = 0
  let residentOctetsMax = 0
  let seen: Readonly<FuzzCounts> | undefined
  try {
    await fuzzSessions(seededRandom(seed), (counts) => {
      seen = counts
      if (counts.pdus >= shown + PROGRESS_PDUS) {
        shown = counts.pdus
        residentOctetsMax = Math.max(residentOctetsMax, process.memoryUsage.rss())
        onProgress(`${counts.pdus} PDUs, ${counts.sessions} sessions, ${failures.length} failures`)
      }
      const isEnough = count === undefined ? performance.now() >= endMs : counts.pdus >= count
      return isEnough || failures.length > 0
    })
  } catch (error) {
    onException(error instanceof Error ? error : new Error(String(error)))
  } finally {
    process.off('uncaughtException', onException)
  }
  for (const failure of failures) onProgress(failure)
  return {
    held: failures.length === 0 && seen !== undefined && seen.pdus >= (count ?? 1),
    figures: {
      seed,
      'mutated PDUs sent': seen?.pdus ?? 0,
      'uncaught exceptions': failures.length,
      'sessions they were sent to, both sides': seen?.sessions ?? 0,
      'requests that reached a handler': seen?.handled ?? 0,
      'outcomes of our own requests': seen?.outcomes ?? 0,
      'PDUs that sessions wrote, all well-formed': seen?.written ?? 0,
      'messages whose text and receipt were read': seen?.messages ?? 0,
      'receipts among them': seen?.receipts ?? 0,
      'long messages that were reassembled': seen?.joined ?? 0,
      'long messages delivered with missing parts': seen?.incomplete ?? 0,
      'maximum of octets held by a session': seen?.octetsHeldMax ?? 0,
      'maximum of resident memory, MiB': Math.round(residentOctetsMax / 2 ** 20),
    },
  }
}
