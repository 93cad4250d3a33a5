import type { Database } from '../../database/database.ts'
import { deadLetterContent, type DeadLetterItem } from '../../queue/deadLetterContent.ts'
import {
  type DeadLetterQuery,
  listDeadLetters,
  readDeadLetters,
} from '../../queue/deadLetterTable.ts'
import type { QueueUpkeep, Redrive, StoredDeadLetter } from '../../queue/queue.ts'
import type {
  DeadLetterDetail,
  DeadLetterPage,
  QueueList,
  RedriveAnswer,
} from './deadLetterPage.ts'
import { redriveDeadLetters, type RedriveSelection } from './redriveDeadLetters.ts'

const ITEMS_MAX = 100
const OCTETS_SHOWN = 64

/** The operations on queues and dead letters that the routes of the admin API call. */
export interface QueueDesk {
  /** The depths of all queues that have envelopes or dead letters. */
  list(): Promise<QueueList>
  deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage>
  /** Resolves with undefined if there is no such dead letter. */
  deadLetter(id: string): Promise<DeadLetterDetail | undefined>
  redrive(selection: RedriveSelection): Promise<RedriveAnswer>
}

export interface QueueDeskOptions {
  readonly database: Pick<Database, 'run'>
  readonly upkeep: QueueUpkeep
  readonly redrive: Redrive
  /** Called when dead letters of a queue were redriven. */
  readonly onRedriven: (queue: string, letters: number) => void
}

export function queueDesk({ database, upkeep, redrive, onRedriven }: QueueDeskOptions): QueueDesk {
  const { run } = database
  return {
    list: () => listQueues(upkeep),
    deadLetters: async (query) => {
      // Reads one letter more than the page may hold, to find out whether there is a next page.
      const letters = await listDeadLetters(run, { ...query, max: query.max + 1 })
      const shown = letters.slice(0, query.max)
      const isComplete = letters.length <= query.max
      return {
        deadLetters: shown.map((one) => ({ ...one, at: one.at.toISOString() })),
        next: isComplete ? undefined : shown.at(-1)?.id,
      }
    },
    deadLetter: async (id) => {
      const [letter] = await readDeadLetters(run, [id])
      return letter && detailOf(letter)
    },
    redrive: (selection) => redriveDeadLetters({ run, redrive, onRedriven }, selection),
  }
}

async function listQueues(upkeep: QueueUpkeep): Promise<QueueList> {
  const depths = await upkeep.depths()
  const letters = new Map((await upkeep.deadLetters()).map((one) => [one.queue, one.letters]))
  const known = new Set(depths.map(({ queue }) => queue))
  const others = [...letters.keys()]
    .filter((queue) => !known.has(queue))
    .map((queue) => ({ queue, envelopes: 0, messages: 0, oldestAgeSeconds: 0 }))
  return [...depths, ...others]
    .map((depth) => ({ ...depth, deadLetters: letters.get(depth.queue) ?? 0 }))
    .toSorted((a, b) => (a.queue < b.queue ? -1 : 1))
}

function detailOf(letter: StoredDeadLetter): DeadLetterDetail {
  const { at, payload, ...about } = letter
  const summary = { ...about, at: at.toISOString(), octets: payload.length }
  const content = deadLetterContent(letter)
  if (content.kind === 'unreadable') {
    const firstOctets = payload.subarray(0, OCTETS_SHOWN).toString('hex')
    return { ...summary, content: { ...content, firstOctets } }
  }
  const { items } = content
  const shown = items.slice(0, ITEMS_MAX).map(withText)
  return { ...summary, content: { ...content, count: items.length, items: shown } }
}

function withText({ at, ...item }: DeadLetterItem) {
  return { ...item, at: at?.toISOString() }
}
