/**
 * Payload converter of the SDK that never throws on reading: a payload that is not JSON, has no metadata or an unknown
 * encoding becomes the marker of src/domain/undecodable.ts. An exception here would fail the workflow task for ever
 * (source: issue 1174 of Temporal's SDK for TypeScript).
 *
 * Plain CommonJS on purpose: the SDK loads this file twice, through the bundler into the workflow sandbox and by `require`
 * outside of it, where nothing translates TypeScript. No Node built-ins here: the sandbox has none.
 */
const { DefaultPayloadConverter } = require('@temporalio/common');

class TolerantPayloadConverter extends DefaultPayloadConverter {
  fromPayload(payload, context, hint) {
    try {
      return super.fromPayload(payload, context, hint);
    } catch {
      return { 'gatehouse/undecodable': true };
    }
  }
}

exports.payloadConverter = new TolerantPayloadConverter();
