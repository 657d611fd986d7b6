import { ByteReader } from '../../../bytes/byte-reader.js';
import { ByteWriter } from '../../../bytes/byte-writer.js';
import { type Api, type Input } from '../../../protocol/api.js';
import { requestHeaderVersion, responseHeaderVersion } from '../../../protocol/headers.js';
import { readMessage, writeMessage } from '../../../protocol/interpreter.js';
import { fitVersion } from './fit-version.js';

/** The part of a request header that all its versions share. @internal */
export interface RequestHead {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
}

/** Reads as far as every version agrees. @throws ProtocolDecodeError @internal */
export function readHead(frame: Uint8Array): RequestHead {
  const reader = new ByteReader(frame);
  return { apiKey: reader.int16(), apiVersion: reader.int16(), correlationId: reader.int32() };
}

/** Client id and body of a request frame (without length prefix). @throws ProtocolDecodeError @internal */
export function readRequest<Req>(
  api: Api<Req, unknown>,
  version: number,
  frame: Uint8Array,
): { clientId: string | null; body: Req } {
  const reader = new ByteReader(frame, 8);
  const header = requestHeaderVersion(api, version);
  const clientId = header > 0 ? reader.nullableString() : null;
  if (header > 1) reader.skipTags();
  return { clientId, body: readMessage(api.request, version, reader) };
}

/** A whole answer with its length prefix, as segments; byte strings of the body are in it by reference. @internal */
export function writeAnswer<Res>(
  api: Api<unknown, Res>,
  version: number,
  correlationId: number,
  body: Input<NoInfer<Res>>,
): Uint8Array[] {
  const writer = new ByteWriter();
  writer.int32(0);
  writer.int32(correlationId);
  if (responseHeaderVersion(api, version) > 0) writer.uvarint(0);
  writeMessage(api.response, version, fitVersion(api.response, version, body as object) as Input<Res>, writer);
  writer.patchInt32(0, writer.size - 4);
  return writer.finish();
}
