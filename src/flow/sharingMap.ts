// An immutable map and a mutable draft. Changes are made in the draft, which then creates the next
// map. The next map shares most of its structure with the previous map: one change among 100,000
// entries copies about a hundred references, while copying a Map takes several milliseconds.
// Entries are stored in the leaves of a tree, by the hash of their keys. A map of up to LEAF_MAX
// entries keeps them in insertion order.

const LEAF_MAX = 64
const BRANCH_BITS = 4
const BRANCHES = 1 << BRANCH_BITS
const HASH_BITS = 32

interface Leaf<Value> {
  /** A draft with this owner may change the node, because no finished map contains the node yet. */
  readonly owner: object
  readonly entries: Map<string, Value>
  readonly children?: undefined
}

interface Branch<Value> {
  readonly owner: object
  readonly children: Node<Value>[]
}

type Node<Value> = Leaf<Value> | Branch<Value>

export class SharingMap<Value extends object> implements ReadonlyMap<string, Value> {
  readonly #root: Node<Value>
  readonly size: number

  constructor(root: Node<Value> = emptyLeaf({}), size = 0) {
    this.#root = root
    this.size = size
  }

  get(key: string): Value | undefined {
    return leafFor(this.#root, key).entries.get(key)
  }

  has(key: string): boolean {
    return leafFor(this.#root, key).entries.has(key)
  }

  *entries(): Generator<[string, Value], undefined> {
    for (const { entries } of leavesOf(this.#root)) yield* entries
    return undefined
  }

  *keys(): Generator<string, undefined> {
    for (const { entries } of leavesOf(this.#root)) yield* entries.keys()
    return undefined
  }

  *values(): Generator<Value, undefined> {
    for (const { entries } of leavesOf(this.#root)) yield* entries.values()
    return undefined
  }

  [Symbol.iterator](): Generator<[string, Value], undefined> {
    return this.entries()
  }

  forEach(act: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [key, value] of this.entries()) act(value, key, this)
  }
}

/** A mutable draft that accepts any number of changes and can create a SharingMap at any time. */
export class SharingMapDraft<Value extends object> {
  #root: Node<Value>
  #size = 0
  #owner: object = {}
  #finished: SharingMap<Value> | undefined

  constructor() {
    this.#root = emptyLeaf(this.#owner)
  }

  get(key: string): Value | undefined {
    return leafFor(this.#root, key).entries.get(key)
  }

  set(key: string, value: Value): void {
    const before = this.get(key)
    if (before === value) return
    if (before === undefined) this.#size++
    this.#change(key, value)
  }

  delete(key: string): void {
    if (this.get(key) === undefined) return
    this.#size--
    this.#change(key, undefined)
  }

  /** Returns the current map, which is the same object as before if nothing has changed. */
  finish(): SharingMap<Value> {
    this.#finished ??= new SharingMap(this.#root, this.#size)
    this.#owner = {}
    return this.#finished
  }

  #change(key: string, value: Value | undefined): void {
    this.#finished = undefined
    this.#root = changed(this.#root, key, value, this.#owner, hashOf(key), 0)
  }
}

function emptyLeaf<Value>(owner: object): Leaf<Value> {
  return { owner, entries: new Map() }
}

function leafFor<Value>(root: Node<Value>, key: string): Leaf<Value> {
  let node = root
  if (!node.children) return node
  let rest = hashOf(key)
  while (node.children) {
    node = childAt(node, rest)
    rest >>>= BRANCH_BITS
  }
  return node
}

function childAt<Value>({ children }: Branch<Value>, hash: number): Node<Value> {
  const child = children[hash & (BRANCHES - 1)]
  if (!child) throw new RangeError('a branch of the map has no child for the hash of a key')
  return child
}

function* leavesOf<Value>(node: Node<Value>): Generator<Leaf<Value>> {
  if (!node.children) yield node
  else for (const child of node.children) yield* leavesOf(child)
}

/**
 * Sets or deletes the key below `node`, and returns the changed node. A node that has another owner
 * is copied, and the copy is changed.
 *
 * @param value undefined to delete the key
 * @param hash the bits of the key's hash that the nodes above have not used
 */
function changed<Value>(
  node: Node<Value>,
  key: string,
  value: Value | undefined,
  owner: object,
  hash: number,
  depth: number,
): Node<Value> {
  if (node.children) {
    const own = node.owner === owner ? node : { owner, children: [...node.children] }
    const rest = hash >>> BRANCH_BITS
    const child = changed(childAt(own, hash), key, value, owner, rest, depth + 1)
    own.children[hash & (BRANCHES - 1)] = child
    return own
  }
  const own = node.owner === owner ? node : { owner, entries: new Map(node.entries) }
  if (value === undefined) own.entries.delete(key)
  else own.entries.set(key, value)
  const mayGrow = own.entries.size <= LEAF_MAX || depth * BRANCH_BITS >= HASH_BITS
  return mayGrow ? own : split(own, depth)
}

function split<Value>({ owner, entries }: Leaf<Value>, depth: number): Branch<Value> {
  const leaves = Array.from({ length: BRANCHES }, () => emptyLeaf<Value>(owner))
  for (const [key, value] of entries)
    leaves[(hashOf(key) >>> (depth * BRANCH_BITS)) & (BRANCHES - 1)]?.entries.set(key, value)
  return { owner, children: leaves }
}

/** FNV-1a. Operators choose the keys, so deliberate collisions are not a risk. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
