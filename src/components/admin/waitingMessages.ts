import type { Database } from '../../database/database.ts'

const WAITING = {
  name: 'waitingMessages.read',
  text: `select sum(waiting.messages)::int as messages
    from (select queue, messages from queue_envelopes union all
      select queue, messages from later) as waiting
    where starts_with(waiting.queue, 'submit.' || $1 || '.')`,
}

/** Counts messages that were accepted for a connector and not settled yet, queued or waiting. */
export async function waitingMessages(database: Database, connector: string): Promise<number> {
  const [row] = await database.run<{ messages: number | null }>(WAITING, [connector])
  return row?.messages ?? 0
}
