import { InterceptingCall, type Interceptor, status, type StatusObject } from '@grpc/grpc-js';
import type { AsyncDiffError } from '../common/errors/index.js';
import { toServiceError } from './errors.js';
import type { LinkSecurity } from './link-security.js';

/** On every call of a channel: the key of this process, if it has one; and a link that fails for its security says so, in place of "failed to connect". */
export function linkInterceptor(address: string, security: LinkSecurity): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, _listener, next) => {
        if (security.key !== undefined) metadata.set('authorization', `Bearer ${security.key}`);
        next(metadata, {
          onReceiveStatus: (ended, forward) => {
            if (ended.code !== status.UNAVAILABLE) return forward(ended);
            // Dials once more to see what is wrong: nothing that a link in order needs.
            void import('./tls-failure.js')
              .then(({ tlsFailure }) => tlsFailure(ended.details, address, security))
              .then((error) => forward(error === undefined ? ended : statusOf(error)));
            return undefined;
          },
        });
      },
    });
}

function statusOf(error: AsyncDiffError): StatusObject {
  return toServiceError(error) as StatusObject;
}
