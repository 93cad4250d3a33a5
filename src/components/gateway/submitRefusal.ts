import {
  ESME_RINVMSGLEN,
  INTERFACE_VERSION,
  type InterfaceVersion,
  type Pdu,
  readTlv,
} from '../../smpp/index.ts'

/** SMPP 3.4 §4.4.1. Version 5.0 has one octet more. */
const OCTETS_MAX_BEFORE_5 = 254

/**
 * The command_status for a submit_sm that decodes, although the version of its session forbids it;
 * undefined if it may go on. A worker can submit whatever passes, or fails it alone.
 */
export function submitRefusal(
  { short_message, tlvs }: Pick<Pdu<'submit_sm'>, 'short_message' | 'tlvs'>,
  version: InterfaceVersion,
): number | undefined {
  if (short_message.length > OCTETS_MAX_BEFORE_5 && version < INTERFACE_VERSION.V5_0)
    return ESME_RINVMSGLEN
  // The text stands in one of the two (SMPP 3.4 §5.3.2.32): nobody knows which of them is meant.
  const hasTwoTexts =
    tlvs.length > 0 &&
    short_message.length > 0 &&
    (readTlv(tlvs, 'message_payload')?.length ?? 0) > 0
  return hasTwoTexts ? ESME_RINVMSGLEN : undefined
}
