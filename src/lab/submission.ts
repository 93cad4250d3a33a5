import { messageText } from '../smpp/index.ts'
import type { MessageState, Pdu, Session } from '../smpp/index.ts'
import type { AcceptedMessage } from './acceptedLine.ts'

/** What becomes of a submit_sm, drawn when it comes. */
export type Fate = 'accept' | 'throttle' | 'refuse' | 'drop' | 'acceptAndDrop'

/** A submit_sm between its arrival and its answer. */
export interface Submission {
  readonly session: Session
  readonly request: { readonly command: 'submit_sm'; readonly sequence_number: number }
  /** On performance.now()'s clock. */
  readonly arrivedAtMs: number
  readonly fate: Fate
  readonly content: MessageContent
  /** The receipt goes out before the answer; false again once it has. */
  early: boolean
  /** Set once it is in the file. */
  message: AcceptedMessage | undefined
}

export type MessageContent = Omit<AcceptedMessage, 'upstreamId' | 'atMs'>

/** Holds nothing of the socket's buffer, which is used again while the message waits. */
export function messageContent(
  pdu: Pdu<'submit_sm'>,
  receiptState: MessageState | undefined,
): MessageContent {
  return {
    source: pdu.source_addr,
    sourceTon: pdu.source_addr_ton,
    sourceNpi: pdu.source_addr_npi,
    destination: pdu.destination_addr,
    destinationTon: pdu.dest_addr_ton,
    destinationNpi: pdu.dest_addr_npi,
    text: messageText(pdu),
    receiptState,
  }
}
