// A suspect is a message that may be the cause of lost links. It is sent alone on a reserved bind.

import { expect, test } from 'vitest'
import { Suspects } from './suspects.ts'
import type { Task } from './submitLane.ts'

function bind(unanswered = 0) {
  return { bound: true, unanswered, isSettled: true }
}

/** A task that is used only for its identity. */
function taskNumber(index: number): Task {
  // The class Suspects reads no other field.
  return { index, work: undefined } as unknown as Task
}

test('without suspects no bind is reserved', () => {
  const suspects = new Suspects()
  const only = bind()
  expect(suspects.next([only], 0)).toBe(Infinity)
  expect(suspects.reserves(only)).toBe(false)
})

test('a suspect waits for the answers on its reserved bind, and other binds stay in use', () => {
  const suspects = new Suspects<ReturnType<typeof bind>>()
  const busy = bind(9)
  const lessBusy = bind(2)
  const task = taskNumber(1)
  suspects.add(task)
  expect(suspects.next([busy, lessBusy], 1_000)).toBe(5_000)
  expect(suspects.reserves(lessBusy)).toBe(true)
  expect(suspects.reserves(busy)).toBe(false)
  lessBusy.unanswered = 0
  expect(suspects.next([busy, lessBusy], 1_100)).toEqual({ task, bind: lessBusy })
})

test('suspects are sent one at a time, and the bind is free between two of them', () => {
  const suspects = new Suspects<ReturnType<typeof bind>>()
  const only = bind()
  const [first, second] = [taskNumber(1), taskNumber(2)]
  suspects.add(first)
  suspects.add(second)
  expect(suspects.next([only], 0)).toEqual({ task: first, bind: only })
  suspects.sent(first, 0)
  expect(suspects.next([only], 200)).toBe(4_800)
  expect(suspects.reserves(only)).toBe(true)
  suspects.ended(first, 300)
  expect(suspects.next([only], 300)).toBe(300)
  expect(suspects.reserves(only)).toBe(false)
  expect(suspects.next([only], 600)).toEqual({ task: second, bind: only })
})

test('the bind of a suspect that is never sent becomes free', () => {
  const suspects = new Suspects<ReturnType<typeof bind>>()
  const only = bind()
  suspects.add(taskNumber(1))
  suspects.next([only], 0)
  expect(suspects.reserves(only)).toBe(true)
  expect(suspects.next([only], 1)).toBe(Infinity)
  expect(suspects.reserves(only)).toBe(false)
})

test('an unanswered suspect reserves its bind for at most five seconds', () => {
  const suspects = new Suspects<ReturnType<typeof bind>>()
  const only = bind()
  const task = taskNumber(1)
  suspects.add(task)
  suspects.next([only], 0)
  suspects.sent(task, 0)
  only.unanswered = 1
  suspects.next([only], 5_000)
  expect(suspects.reserves(only)).toBe(false)
})

test('an unanswered submission delays a suspect by at most five seconds', () => {
  const suspects = new Suspects<ReturnType<typeof bind>>()
  const only = bind(1)
  const task = taskNumber(1)
  suspects.add(task)
  expect(suspects.next([only], 0)).toBe(5_000)
  expect(suspects.next([only], 5_000)).toEqual({ task, bind: only })
})

test('a suspect waits while no bind is up', () => {
  const suspects = new Suspects<ReturnType<typeof bind>>()
  const down = { ...bind(), bound: false }
  suspects.add(taskNumber(1))
  expect(suspects.next([down], 0)).toBe(Infinity)
})

test('when the link of the reserved bind is lost, another bind is reserved instead', () => {
  const suspects = new Suspects<ReturnType<typeof bind>>()
  const lost = bind(1)
  const other = bind(2)
  const task = taskNumber(1)
  suspects.add(task)
  suspects.next([lost, other], 0)
  lost.bound = false
  other.unanswered = 0
  expect(suspects.next([lost, other], 10)).toEqual({ task, bind: other })
})

test('a new link sends other messages before a suspect', () => {
  const suspects = new Suspects<ReturnType<typeof bind>>()
  const link = { ...bind(), isSettled: false }
  const task = taskNumber(1)
  suspects.add(task)
  expect(suspects.next([link], 0)).toBe(50)
  expect(suspects.reserves(link)).toBe(false)
  link.isSettled = true
  expect(suspects.next([link], 50)).toEqual({ task, bind: link })
})
