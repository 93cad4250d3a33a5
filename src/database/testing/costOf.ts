import type { Database } from '../database.ts'

interface PlanNode {
  'Actual Rows': number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: PlanNode[]
}

/**
 * Returns how many pages a statement reads and how many rows it finds. Rolls back the statement's
 * changes.
 */
export async function costOf(
  { pool }: Database,
  statement: { text: string },
  values: readonly unknown[],
): Promise<{ pages: number; rows: number }> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, buffers, format json) ${statement.text}`,
      [...values],
    )
    const plan = rows[0]?.['QUERY PLAN'][0].Plan
    if (!plan) throw new Error('the server did not return a plan')
    const pages = plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
    return { pages, rows: plan['Actual Rows'] || (plan.Plans?.at(-1)?.['Actual Rows'] ?? 0) }
  } finally {
    await client.query('rollback')
    client.release()
  }
}
