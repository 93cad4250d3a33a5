import type { Database } from '../database/database.ts'
import type { ProcessList, RunningProcess } from './presence.ts'

/** A process whose last heartbeat is no older than this counts as running. */
export const PROCESS_TTL_MS = 5_000

const BEAT = {
  name: 'processes.beat',
  text: `insert into processes as p (component, instance, address, report, started_at)
      values ($1, $2, $3, $4::jsonb, now() - $5 * interval '1 s')
    on conflict (component, instance) do update set address = $3, heartbeat_at = now(),
      started_at = excluded.started_at, report = coalesce($4::jsonb, p.report)`,
}
const LEAVE = {
  name: 'processes.leave',
  text: 'delete from processes where component = $1 and instance = $2',
}
const READ = {
  name: 'processes.read',
  text: `select instance, address from processes
    where component = $1 and heartbeat_at > now() - $2 * interval '1 ms' order by instance`,
}
const COUNT = {
  name: 'processes.count',
  // `pg` returns the bigint result of count() as text. The cast turns it into a number.
  text: `select component, count(*)::float8 as processes from processes
    where heartbeat_at > now() - $1 * interval '1 ms' group by component`,
}
const REMOVE_OLD = {
  name: 'processes.removeOld',
  text: `delete from processes where heartbeat_at < now() - interval '1 hour'`,
}

/** The list of processes in the database. */
export function processList(database: Database): ProcessList {
  return {
    beat: async (component, instance, address, report) => {
      const text = report === undefined ? null : JSON.stringify(report)
      await database.run(BEAT, [component, instance, address, text, process.uptime()])
    },
    leave: async (component, instance) => {
      await database.run(LEAVE, [component, instance])
    },
    read: (component) => database.run<RunningProcess>(READ, [component, PROCESS_TTL_MS]),
  }
}

const LIST = {
  name: 'processes.list',
  text: `select component, instance, started_at as "startedAt", report,
      extract(epoch from now() - heartbeat_at)::float8 as "seenSecondsAgo",
      heartbeat_at > now() - $1 * interval '1 ms' as "isUp"
    from processes order by component, instance limit $2`,
}

export interface ListedProcess {
  component: string
  instance: string
  startedAt: Date
  /** The report as the process wrote it. Processes of other versions may use other fields. */
  report: unknown
  seenSecondsAgo: number
  isUp: boolean
}

/** Reads the running processes, and those that ended in the last hour without leaving the list. */
export function listProcesses(run: Database['run'], max: number): Promise<ListedProcess[]> {
  return run<ListedProcess>(LIST, [PROCESS_TTL_MS, max])
}

export interface ProcessCount {
  component: string
  processes: number
}

/** Counts the running processes of each component. */
export function countProcesses(run: Database['run']): Promise<ProcessCount[]> {
  return run<ProcessCount>(COUNT, [PROCESS_TTL_MS])
}

/** Deletes processes that ended more than an hour ago without leaving the list. */
export async function removeOldProcesses(database: Database): Promise<void> {
  await database.run(REMOVE_OLD)
}
