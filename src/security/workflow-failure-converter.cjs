/**
 * Failure converter of the SDK with messages and stack traces encoded, so that they pass the payload codec. A failure that
 * cannot be read (somebody failed an activity by its id with a broken one) becomes a failure of its own type instead of an
 * exception, which would fail the workflow task for ever.
 *
 * Plain CommonJS without Node built-ins, for the reason given in workflow-payload-converter.cjs.
 */
const { ApplicationFailure, DefaultFailureConverter } = require('@temporalio/common');

class TolerantFailureConverter extends DefaultFailureConverter {
  failureToError(failure, payloadConverter, context) {
    try {
      return super.failureToError(failure, payloadConverter, context);
    } catch {
      return ApplicationFailure.create({
        message: 'A failure arrived that cannot be read.',
        type: 'UndecodableFailure',
        nonRetryable: true,
      });
    }
  }
}

exports.failureConverter = new TolerantFailureConverter({ encodeCommonAttributes: true });
