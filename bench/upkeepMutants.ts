// Mutants of partitioning and retention: upkeep must not delay other work, and must remove only
// expired rows.

import { type Mutant, unitTest } from './mutant.ts'

const OLD_PARTITIONS = 'src/database/oldPartitionTable.ts'
const OLD_PARTITIONS_TEST = 'database/oldPartitionTable.test.ts'
const MAINTAIN = 'src/components/workers/maintain.ts'
const RETENTION_TEST = 'components/workers/retention.test.ts'
const REPORT_IN_THE_WAY =
  'if a report blocks a drop, writers are not delayed, and a later drop succeeds'

export const upkeepMutants: readonly Mutant[] = [
  {
    name: 'a partition is created under a lock that waits for every reader',
    invariant: '10',
    file: 'src/database/migrations/0013_upkeep.sql',
    piece: `execute format('create table if not exists %I (like %s including all) %s',
    slice, parent, storage);
  execute format('alter table %s attach partition %I for values from (%L) to (%L)',
    parent, slice, lower_bound, upper_bound);`,
    replacement: `execute format('create table %I partition of %s for values from (%L) to (%L) %s',
    slice, parent, lower_bound, upper_bound, storage);`,
    guard: unitTest(
      OLD_PARTITIONS_TEST,
      'creating a partition while a report reads the table does not delay writers',
    ),
    says: /canceling statement due to lock timeout/,
  },
  {
    name: 'an interrupted detachment is never completed',
    invariant: '10',
    file: OLD_PARTITIONS,
    piece: `const how = partition.isPending ? 'finalize' : 'concurrently'`,
    replacement: `const how = 'concurrently'`,
    guard: unitTest(OLD_PARTITIONS_TEST, REPORT_IN_THE_WAY),
    says: /already pending detach/,
  },
  {
    name: 'a table that an operator detached is dropped',
    invariant: '5',
    file: OLD_PARTITIONS,
    piece: `
      and (i.inhrelid is not null or obj_description(c.oid, 'pg_class') = '\${REMARK}'))`,
    replacement: ')',
    guard: unitTest(
      OLD_PARTITIONS_TEST,
      'a partition detached by hand is kept, and one marked by Signalbox is dropped',
    ),
    says: /AssertionError: expected false to be true/,
  },
  {
    name: 'a partition is dropped as soon as its first row is too old',
    invariant: '5',
    file: OLD_PARTITIONS,
    piece: '[table, olderThanMs + SPAN_MS]',
    replacement: '[table, olderThanMs]',
    guard: unitTest(OLD_PARTITIONS_TEST, 'a partition is kept until its last row is too old'),
    says: /AssertionError: expected \[\] to deeply equal .+/,
  },
  {
    name: 'a failed step of the upkeep ends all other steps',
    invariant: '11',
    file: MAINTAIN,
    piece: 'await step().catch((error) => failures.push(asError(error)))',
    replacement: 'await step()',
    guard: unitTest(
      RETENTION_TEST,
      'a failed step does not prevent the other steps, and its error is thrown',
    ),
    says: /AssertionError: expected \[ .+ \] to deeply equal .+/,
  },
  {
    name: 'a retention of 0 days removes everything',
    invariant: '5',
    file: MAINTAIN,
    piece: 'if (retainDeadLettersDays > 0)',
    replacement: 'if (retainDeadLettersDays >= 0)',
    guard: unitTest(RETENTION_TEST, 'a retention of 0 days keeps everything'),
    says: /AssertionError: expected \[\] to deeply equal .+/,
  },
]
