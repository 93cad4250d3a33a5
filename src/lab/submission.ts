import { messageText } from '../smpp/index.ts'
import type { MessageState, Pdu, Session } from '../smpp/index.ts'
import type { AcceptedMessage } from './acceptedLine.ts'

/** The treatment of a submit_sm, chosen at random when the submit_sm arrives. */
export type Fate = 'accept' | 'throttle' | 'refuse' | 'drop' | 'acceptAndDrop'

/** A submit_sm between its arrival and its answer. */
export interface Submission {
  readonly session: Session
  readonly request: { readonly command: 'submit_sm'; readonly sequence_number: number }
  /** The time of arrival, on the clock of performance.now(). */
  readonly arrivedAtMs: number
  readonly fate: Fate
  readonly content: MessageContent
  /** True if the receipt is to be sent before the answer. False as soon as it was sent. */
  early: boolean
  /** Set once the message is in the file. */
  message: AcceptedMessage | undefined
}

export type MessageContent = Omit<AcceptedMessage, 'upstreamId' | 'atMs'>

/** Copies a message's content, because the socket's buffer is reused before the answer is sent. */
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
