import type { QueueEntry } from '../../queue/queue.ts'
import { memoryQueues } from './connectorWork.fixture.ts'

/**
 * Queues that deliver a returned envelope again after its delay, or after `delayMsMax` if that is
 * sooner.
 */
export function returningQueues(all: QueueEntry[], delayMsMax = Number.POSITIVE_INFINITY) {
  const { add, queue, settled } = memoryQueues(all)
  const returns: { entry: QueueEntry; visibleAtMs: number }[] = []
  const held = new Set<string>()
  const counts = { heldMax: 0, looks: 0, received: 0, returned: 0 }
  const { receive, settle } = queue
  queue.receive = async (...claim) => {
    const nowMs = performance.now()
    for (const one of returns.filter(({ visibleAtMs }) => visibleAtMs <= nowMs)) {
      returns.splice(returns.indexOf(one), 1)
      all.push(one.entry)
    }
    const received = await receive(...claim)
    for (const { id } of received) held.add(id)
    counts.looks++
    counts.received += received.length
    counts.heldMax = Math.max(counts.heldMax, held.size)
    return received
  }
  queue.settle = async (some) => {
    await settle(some)
    for (const { entry, settlement } of some) {
      held.delete(entry.id)
      if (settlement.kind !== 'retry') continue
      counts.returned++
      const delayMs = Math.min(settlement.delayMs, delayMsMax)
      returns.push({ entry, visibleAtMs: performance.now() + delayMs })
    }
  }
  return { add, counts, held, queue, settled }
}
