import type { Publication, Queue } from './queue.ts'

/** Resolves when all publications are durable. Otherwise rejects with the first error. */
export async function publishAll(
  queue: Pick<Queue, 'publish'>,
  publications: readonly Publication[],
): Promise<void> {
  for (const verdict of await queue.publish(publications))
    if (verdict.kind !== 'durable') throw verdict.error
}
