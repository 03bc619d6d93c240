import { describe, expect, it } from 'vitest';
import { memoryShortage, type PartOffer, rankOffers } from '../../coordinator/deployment/part-offers.js';

type Offer = PartOffer<{ readonly name: string }>;

function offer(name: string, given: Partial<Offer> = {}): Offer {
  return { worker: { name }, isOpen: false, isBusy: false, runs: 0, roomBytes: 1e9, fits: true, ...given };
}

function order(...offers: Offer[]): string[] {
  return rankOffers(offers).map(({ worker }) => worker.name);
}

describe('the worker that runs a part', () => {
  it('is one that no job keeps busy, then one that has it open, then the one with least to do, then the one with most room', () => {
    expect(
      order(
        offer('busy', { isBusy: true, isOpen: true }),
        offer('small'),
        offer('working', { runs: 1, roomBytes: 9e9 }),
        offer('large', { roomBytes: 2e9 }),
        offer('open', { isOpen: true, runs: 2 }),
      ),
    ).toEqual(['open', 'large', 'small', 'working', 'busy']);
  });

  it('is the first of equals, also where none says what it has', () => {
    const roomBytes = Number.POSITIVE_INFINITY;
    expect(order(offer('a', { roomBytes }), offer('b', { roomBytes }))).toEqual(['a', 'b']);
  });

  it('has the room', () => {
    expect(order(offer('a', { fits: false }), offer('b'))).toEqual(['b']);
    const offers = [offer('a', { fits: false, roomBytes: 5e8 }), offer('b', { fits: false, roomBytes: -1 })];
    expect(order(...offers)).toEqual([]);
    const error = memoryShortage('vae_decoder', 2.5e9, offers);
    expect([error.code, error.rawMessage]).toEqual([
      'memory_exceeded',
      'no worker has room for vae_decoder, which needs 2.50 GB: a has 0.50 GB, b has 0.00 GB',
    ]);
  });
});
