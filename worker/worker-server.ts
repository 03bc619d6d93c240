import { AsyncDiffError } from '../common/errors/index.js';
import { type LinkOptions, workerService } from '../rpc/index.js';
import type { WorkerHandlers } from '../rpc/gen/asyncdiff/v1/Worker.js';
import { type Access, bidiHandler, type RunningServer, startServer } from '../rpc/server/index.js';
import { ArtifactSupply, type CoordinatorStream } from '../rpc/streams/index.js';
import type { ArtifactOffers } from './artifacts/index.js';
import type { Attachment } from './attachment.js';
import { probeHandler } from './conversation/index.js';
import type { ExchangeServer } from './exchange/index.js';
import type { WorkerOptions } from './worker-options.js';

/** Who the calls are for. */
export interface Callee {
  readonly attachment: Attachment;
  /** What its coordinator gives, where that dialled. */
  readonly offers: ArtifactOffers;
  /** A coordinator has dialled. */
  accept(stream: CoordinatorStream): void;
}

interface WorkerServerParts {
  /** HOST:PORT. */
  readonly listen: string;
  readonly exchange: ExchangeServer;
  /** Undefined for as long as it is being made: its server is there first. */
  readonly callee: () => Callee | undefined;
}

/** The port that coordinators and other workers call. Throws `port_in_use`, `address_invalid`. */
export function startWorkerServer(
  options: WorkerOptions,
  { listen, exchange, callee }: WorkerServerParts,
): Promise<RunningServer> {
  const handlers: WorkerHandlers = {
    Attach: bidiHandler((stream) => callee()?.accept(stream)),
    Exchange: exchange.handler,
    FetchArtifacts: bidiHandler((stream) => {
      new ArtifactSupply(stream, {
        admit: (claim) => {
          const conversation = callee()?.attachment.conversation;
          if (conversation !== undefined) return conversation.admit(claim);
          throw new AsyncDiffError('permission_denied', 'this worker is in no deployment');
        },
      }).serve();
    }),
    SupplyArtifacts: bidiHandler((stream, { metadata }) => {
      const to = callee();
      if (to === undefined) throw new AsyncDiffError('worker_unreachable', 'this worker is just starting');
      return to.offers.take(stream, metadata);
    }),
    Probe: probeHandler(() => callee()?.attachment.peerSecret),
  };
  return startServer({
    listen,
    services: [{ definition: workerService(), handlers, access: accessTo(options) }],
    ...linkOf(options),
    onRefused: (refusal) => options.log.warn(refusal, 'connection refused'),
  });
}

export function linkOf({ security, maxMessageBytes }: WorkerOptions): LinkOptions {
  return { security, settings: { maxMessageBytes } };
}

/** Whose key each call takes. What workers ask each other for takes what the coordinator has given to those of a plan. */
function accessTo({ join }: WorkerOptions): Readonly<Record<keyof WorkerHandlers, Access>> {
  const fromCoordinator = join === undefined ? 'coordinator' : 'own';
  return {
    Attach: fromCoordinator,
    SupplyArtifacts: fromCoordinator,
    Exchange: 'own',
    Probe: 'own',
    FetchArtifacts: 'own',
  };
}
