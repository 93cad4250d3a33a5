import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { debianProgram } from './debianProgram.ts'

/** The version of tshark, such as 4.0.17; empty if it prints none. */
export async function tsharkVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)(debianProgram('tshark', 'tshark'), ['--version'])
  return /^TShark \(Wireshark\) ([\d.]+)/.exec(stdout)?.[1] ?? ''
}
