import { ByteReader } from '../bytes/byte-reader.js';
import { ByteWriter } from '../bytes/byte-writer.js';
import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { type Api, type Input } from './api.js';
import { readMessage, writeMessage } from './interpreter.js';

const apiVersionsKey = 18;
const controlledShutdownKey = 7;
const unsupportedVersion = 35;

/** Version of the request header: 2 in flexible versions, else 1; 0 (no client id) for ControlledShutdown v0 only. */
export function requestHeaderVersion(api: Api<unknown, unknown>, version: number): 0 | 1 | 2 {
  if (version >= api.flexibleFrom) return 2;
  return api.key === controlledShutdownKey && version === 0 ? 0 : 1;
}

/** Version of the response header: 1 in flexible versions, else 0; always 0 for ApiVersions, whose version may be unknown. */
export function responseHeaderVersion(api: Api<unknown, unknown>, version: number): 0 | 1 {
  return version >= api.flexibleFrom && api.key !== apiVersionsKey ? 1 : 0;
}

/**
 * A whole request: length prefix, header, body, as segments in the order they go out. Byte strings of the body are in
 * the list by reference.
 * @throws UnsupportedVersionError as `writeMessage`
 */
export function encodeRequest<Req>(
  api: Api<Req, unknown>,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: NoInfer<Input<Req>>,
): Uint8Array[] {
  const writer = new ByteWriter();
  const header = requestHeaderVersion(api, version);
  writer.int32(0);
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(correlationId);
  // not a compact string in v2 either: a broker reads it before it knows the version
  if (header > 0) writer.nullableString(clientId);
  if (header > 1) writer.uvarint(0);
  writeMessage(api.request, version, body, writer);
  writer.patchInt32(0, writer.size - 4);
  return writer.finish();
}

/** The correlation id of a response frame (without length prefix), the only part that needs no request to read. */
export function readCorrelationId(frame: Uint8Array): number {
  return new ByteReader(frame).int32();
}

/**
 * A response frame (without length prefix). Byte strings of the body are views of `frame`.
 * @throws ProtocolDecodeError when the frame is not such a response
 */
export function decodeResponse<Res>(
  api: Api<unknown, Res>,
  version: number,
  frame: Uint8Array,
): { correlationId: number; body: Res } {
  const reader = new ByteReader(frame);
  try {
    const correlationId = reader.int32();
    if (responseHeaderVersion(api, version) > 0) reader.skipTags();
    const body = readMessage(api.response, answeredVersion(api, version, frame, reader.position), reader);
    return { correlationId, body };
  } catch (error) {
    if (!(error instanceof ProtocolDecodeError)) throw error;
    throw new ProtocolDecodeError(`Cannot read the ${api.name} v${version} response: ${error.message}`, {
      cause: error,
      apiKey: api.key,
    });
  }
}

/** A broker that does not know the requested version of ApiVersions answers error 35 in v0, whatever was asked (KIP-511). */
function answeredVersion(api: Api<unknown, unknown>, version: number, frame: Uint8Array, position: number): number {
  if (api.key !== apiVersionsKey || version === 0) return version;
  return new ByteReader(frame, position).int16() === unsupportedVersion ? 0 : version;
}
