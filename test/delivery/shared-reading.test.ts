import { describe, expect, it } from 'vitest';
import { SharedReading, type Shown } from '../../src/delivery/shared-reading.js';
import { SystemError, type TroubleKind } from '../../src/domain/failure.js';

/** Objects with a version, as an API server would have them; counts what it is asked. */
class Server {
  readonly asked: string[] = [];
  readonly versions = new Map<string, number>();
  /** answers that are held back until they are let go */
  #held: (() => void)[] | undefined;
  listTrouble: TroubleKind | undefined;
  oneTrouble: TroubleKind | undefined;

  constructor(...names: readonly string[]) {
    for (const name of names) this.versions.set(name, 1);
  }

  async one(name: string): Promise<Shown<number>> {
    this.asked.push(`get ${name}`);
    const object = this.versions.get(name) ?? null;
    await this.#answer(this.oneTrouble);
    return { object, serverTime: undefined };
  }

  async all(): Promise<{ readonly objects: ReadonlyMap<string, number>; readonly serverTime: undefined }> {
    this.asked.push('list');
    const objects = new Map(this.versions);
    await this.#answer(this.listTrouble);
    return { objects, serverTime: undefined };
  }

  hold(): void {
    this.#held = [];
  }

  letGo(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  change(name: string): void {
    this.versions.set(name, (this.versions.get(name) ?? 0) + 1);
  }

  async #answer(kind: TroubleKind | undefined): Promise<void> {
    const held = this.#held;
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve));
    if (kind === undefined) return;
    throw new SystemError({
      system: 'argocd',
      operation: 'ask',
      object: 'argocd',
      kind,
      message: `answered ${kind}`,
      remedy: 'Do this.',
    });
  }
}

const NAMES = Array.from({ length: 100 }, (_, index) => `shop-${index}`);
const INTERVAL_MS = 100;
/** Longer than a list that was refused is left alone. */
const AGES_MS = 60_000;

/** A reading by a clock that moves only when the test says so. */
function sharing(server: Server) {
  const clock = { nowMs: 0 };
  const times = { intervalMs: INTERVAL_MS, interestMs: 10 * INTERVAL_MS };
  const shared = new SharedReading<number>(server, times, () => clock.nowMs);
  const readAll = async (names = NAMES) =>
    Promise.all(names.map(async (name) => (await shared.reading(name)).object));
  return { shared, clock, readAll };
}

describe('SharedReading', () => {
  it('asks once for a hundred who wait, in each interval', async () => {
    const server = new Server(...NAMES);
    const { clock, readAll } = sharing(server);
    for (let look = 0; look < 5; look += 1) {
      expect(await readAll()).toEqual(NAMES.map(() => 1));
      expect(await readAll()).toEqual(NAMES.map(() => 1));
      clock.nowMs += INTERVAL_MS;
    }
    // the very first of all was alone
    expect(server.asked).toEqual(['get shop-0', ...Array.from({ length: 5 }, () => 'list')]);
  });

  it('asks for one object, anew each time, while only one waits', async () => {
    const server = new Server('shop', 'bank');
    const { shared } = sharing(server);
    expect(await shared.reading('shop')).toMatchObject({ object: 1 });
    server.change('shop');
    expect(await shared.reading('shop')).toMatchObject({ object: 2 });
    expect(server.asked).toEqual(['get shop', 'get shop']);
  });

  it('asks once for those who want the same object at the same time', async () => {
    const server = new Server('shop');
    const { readAll } = sharing(server);
    expect(await readAll(['shop', 'shop', 'shop'])).toEqual([1, 1, 1]);
    expect(server.asked).toEqual(['get shop']);
  });

  it('goes back to one object when the others have stopped waiting', async () => {
    const server = new Server('shop', 'bank');
    const { shared, clock, readAll } = sharing(server);
    await readAll(['shop', 'bank']);
    clock.nowMs += 11 * INTERVAL_MS;
    server.asked.length = 0;
    await shared.reading('shop');
    expect(server.asked).toEqual(['get shop']);
  });

  it('says null for what is not there, from a list too', async () => {
    const server = new Server('shop');
    const { readAll } = sharing(server);
    expect(await readAll(['shop', 'bank'])).toEqual([1, null]);
    expect(await readAll(['bank', 'shop'])).toEqual([null, 1]);
  });

  it('never gives a list that began before a change to whoever made that change', async () => {
    const server = new Server('shop', 'bank');
    const real = new SharedReading<number>(server, { intervalMs: 20, interestMs: 60_000 });
    await Promise.all([real.reading('shop'), real.reading('bank')]);
    server.asked.length = 0;
    server.change('shop');
    real.changed('shop');
    const [shop, bank] = await Promise.all([real.reading('shop'), real.reading('bank')]);
    expect(shop.object).toBe(2);
    expect(bank.object).toBe(1);
  });

  it('waits for the interval instead of asking at once when somebody has changed something', async () => {
    const server = new Server('shop', 'bank');
    const { shared, clock, readAll } = sharing(server);
    await readAll(['shop', 'bank']);
    await readAll(['shop', 'bank']);
    const lists = server.asked.filter((one) => one === 'list').length;
    server.change('shop');
    shared.changed('shop');
    const answer = shared.reading('shop');
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.asked.filter((one) => one === 'list')).toHaveLength(lists);
    clock.nowMs += INTERVAL_MS;
    expect(await answer).toMatchObject({ object: 2 });
    expect(server.asked.filter((one) => one === 'list')).toHaveLength(lists + 1);
  });

  it('does not take a list that was under way when the change was made', async () => {
    const server = new Server('shop', 'bank');
    const { shared, clock, readAll } = sharing(server);
    await readAll(['shop', 'bank']);
    clock.nowMs += INTERVAL_MS;
    server.hold();
    const before = shared.reading('bank');
    server.change('shop');
    shared.changed('shop');
    const after = shared.reading('shop');
    server.letGo();
    expect(await before).toMatchObject({ object: 1 });
    clock.nowMs += INTERVAL_MS;
    expect(await after).toMatchObject({ object: 2 });
  });

  it.each<TroubleKind>(['forbidden', 'malformed', 'not-found'])(
    'asks one by one when a list is %s, and for lists again later',
    async (kind) => {
      const server = new Server('shop', 'bank');
      const { clock, readAll } = sharing(server);
      await readAll(['shop', 'bank']);
      server.listTrouble = kind;
      clock.nowMs += INTERVAL_MS;
      server.asked.length = 0;
      expect(await readAll(['shop', 'bank'])).toEqual([1, 1]);
      expect(server.asked).toEqual(['list', 'get shop', 'get bank']);
      expect(await readAll(['shop', 'bank'])).toEqual([1, 1]);
      expect(server.asked.filter((one) => one === 'list')).toHaveLength(1);
      clock.nowMs += AGES_MS;
      server.listTrouble = undefined;
      server.asked.length = 0;
      await readAll(['shop', 'bank']);
      expect(await readAll(['shop', 'bank'])).toEqual([1, 1]);
      expect(server.asked).toContain('list');
    },
  );

  it.each<TroubleKind>(['unavailable', 'throttled', 'unauthenticated'])(
    'tells everybody of a server that is %s, without asking one by one, and asks again',
    async (kind) => {
      const server = new Server('shop', 'bank');
      const { shared, clock, readAll } = sharing(server);
      await readAll(['shop', 'bank']);
      server.listTrouble = kind;
      clock.nowMs += INTERVAL_MS;
      server.asked.length = 0;
      const looks = await Promise.allSettled([shared.reading('shop'), shared.reading('bank')]);
      expect(looks.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(server.asked).toEqual(['list']);
      server.listTrouble = undefined;
      clock.nowMs += INTERVAL_MS;
      expect(await readAll(['shop', 'bank'])).toEqual([1, 1]);
    },
  );

  it('ends with the reason of whoever gives up, and goes on for the others', async () => {
    const server = new Server('shop', 'bank');
    const { shared, clock, readAll } = sharing(server);
    await readAll(['shop', 'bank']);
    clock.nowMs += INTERVAL_MS;
    server.hold();
    const stop = new AbortController();
    const gone = shared.reading('shop', stop.signal);
    const stays = shared.reading('bank');
    stop.abort(new Error('given up'));
    await expect(gone).rejects.toThrow('given up');
    server.letGo();
    expect(await stays).toMatchObject({ object: 1 });
    expect(() => stop.signal.throwIfAborted()).toThrow();
    await expect(shared.reading('shop', stop.signal)).rejects.toThrow('given up');
  });

  it('asks for a slow list less often', async () => {
    const server = new Server('shop', 'bank');
    const { clock, readAll } = sharing(server);
    await readAll(['shop', 'bank']);
    clock.nowMs += INTERVAL_MS;
    server.hold();
    const slow = readAll(['shop', 'bank']);
    clock.nowMs += 2 * INTERVAL_MS;
    server.letGo();
    await slow;
    server.asked.length = 0;
    clock.nowMs += 4 * INTERVAL_MS;
    await readAll(['shop', 'bank']);
    expect(server.asked).toEqual([]);
    clock.nowMs += 4 * INTERVAL_MS;
    await readAll(['shop', 'bank']);
    expect(server.asked).toEqual(['list']);
  });
});
