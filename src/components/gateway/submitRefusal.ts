import {
  ESME_RINVMSGLEN,
  INTERFACE_VERSION,
  type InterfaceVersion,
  type Pdu,
  readTlv,
} from '../../smpp/index.ts'

/** SMPP 3.4 §4.4.1. Version 5.0 allows 255 octets. */
const OCTETS_MAX_BEFORE_5 = 254

/**
 * Returns the command_status for a submit_sm that can be decoded but is not allowed in the SMPP
 * version of its session. Returns undefined if the message is allowed.
 */
export function submitRefusal(
  { short_message, tlvs }: Pick<Pdu<'submit_sm'>, 'short_message' | 'tlvs'>,
  version: InterfaceVersion,
): number | undefined {
  if (short_message.length > OCTETS_MAX_BEFORE_5 && version < INTERFACE_VERSION.V5_0)
    return ESME_RINVMSGLEN
  // The text may be in only one of the two fields (SMPP 3.4 §5.3.2.32). If both fields contain
  // text, it is unclear which text is meant.
  const hasTwoTexts =
    tlvs.length > 0 &&
    short_message.length > 0 &&
    (readTlv(tlvs, 'message_payload')?.length ?? 0) > 0
  return hasTwoTexts ? ESME_RINVMSGLEN : undefined
}
