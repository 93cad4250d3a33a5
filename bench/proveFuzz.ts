// Mutated PDUs (of real encodings of every kind) through framer, decoder and sessions of both
// sides, and the messages among them through what reads texts, receipts and parts. Nothing may
// throw, be written that is no PDU, be lost, or be held beyond the limit.
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
  // What throws in a timer or a later tick would end this process, and the proof with it.
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
      'requests that reached an owner': seen?.handled ?? 0,
      'outcomes of our own requests': seen?.outcomes ?? 0,
      'PDUs that sessions wrote, all well-formed': seen?.written ?? 0,
      'messages whose text and receipt were read': seen?.messages ?? 0,
      'receipts among them': seen?.receipts ?? 0,
      'long messages that were joined': seen?.joined ?? 0,
      'long messages handed out with parts missing': seen?.incomplete ?? 0,
      'octets that a session held at most': seen?.octetsHeldMax ?? 0,
      'resident memory at most, MiB': Math.round(residentOctetsMax / 2 ** 20),
    },
  }
}
