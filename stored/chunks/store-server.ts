import { OperatorError } from "#lib/errors/operator-error.ts";
import { Mutex } from "#lib/base/lock.ts";
import { must } from "#lib/base/assert.ts";
import { StoreCare } from "./care/store-care.ts";
import { ChunkStore, plainSurroundings } from "./chunk-store.ts";
import { RoomMaker } from "./room-maker.ts";
import { storeStatus } from "./store-status.ts";
import type { CareWatch } from "./care/care-watch.ts";
import type { StoreSurroundings } from "./chunk-store.ts";
import type { StoreCallName, StoreCalls, StoreFacts, StoreSettings } from "./store-calls.ts";

/** When a collection follows the opening of a store: when the jobs that waited for it have begun. */
const AFTER_OPENING_MS = 30_000;

/** How long a job that found no room waits for a collection. */
const COLLECT_MS_MAX = 120_000;

type Handlers = {
  readonly [Name in StoreCallName]: (
    argument: StoreCalls[Name]["argument"],
    watch?: CareWatch,
  ) => StoreCalls[Name]["result"] | Promise<StoreCalls[Name]["result"]>;
};

/** One store of chunks: the calls of store-calls.ts, made in the store's thread, or directly by tools and tests. */
export class StoreServer implements AsyncDisposable {
  readonly #settings: StoreSettings;
  readonly #surroundings: Partial<StoreSurroundings>;
  readonly #opening = new Mutex();
  #store: ChunkStore | undefined;
  #care: StoreCare | undefined;
  readonly #room: RoomMaker;
  readonly #handlers: Handlers = {
    init: async () => await this.#init(),
    open: async () => (await this.#open()).facts,
    begin: async (start) => await this.#room.retried(start.session, async () => await (await this.#open()).begin(start)),
    hold: async ({ session, sessions }) => await this.#opened.hold(session, sessions),
    known: ({ session, ids }) => this.#opened.known(session, ids),
    append: async ({ session, frames }) =>
      await this.#room.retried(session, async () => await this.#opened.append(session, frames)),
    commit: async ({ session, references }) =>
      await this.#room.retried(session, async () => await this.#opened.commit(session, references)),
    abandon: async ({ session }) => {
      if ((await this.#store?.abandon(session)) === true) this.#care?.collectSoon();
      return null;
    },
    locate: async ({ session, ids }) => await (await this.#open()).locate(session, ids),
    forget: async ({ sessions, volume }) => {
      const forgotten = await (await this.#open()).forget(sessions, volume);
      if (forgotten > 0) this.#care?.collectSoon();
      return forgotten;
    },
    pending: () => this.#care?.isDue === true,
    status: async () => ({
      lines: [...storeStatus(await this.#open()), ...((await this.#care?.status()) ?? [])],
      isClean: true,
    }),
    vacuum: async ({ livePercent }, watch) => await (await this.#caring()).vacuum(livePercent, watch),
    scrub: async ({ lookOnly }, watch) => await (await this.#caring()).scrub(lookOnly, watch),
    verify: async (_nothing, watch) => await (await this.#caring()).verify(watch),
    mend: async ({ domain, frames }) => await (await this.#caring()).mend(domain, frames),
    wanted: async () =>
      [...(await this.#open()).domains.values()].map(({ name, wanted }) => ({ domain: name, ids: wanted.all() })),
    close: async () => {
      await this[Symbol.asyncDispose]();
      return null;
    },
  };

  constructor(settings: StoreSettings, surroundings: Partial<StoreSurroundings> = {}) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    const { settleRoom, roomFor } = { ...plainSurroundings, ...surroundings };
    this.#room = new RoomMaker({ settleRoom, roomFor, collectDead: async () => await this.#care?.collectDue(COLLECT_MS_MAX) });
  }

  /** Makes a call by its name. `watch`: heeded by vacuum, scrub and verify. */
  async call<Name extends StoreCallName>(
    name: Name,
    argument: StoreCalls[Name]["argument"],
    watch?: CareWatch,
  ): Promise<StoreCalls[Name]["result"]> {
    return await (this.#handlers[name] as Handlers[Name])(argument, watch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _turn = await this.#opening.acquire();
    const [store, care] = [this.#store, this.#care];
    this.#store = undefined;
    this.#care = undefined;
    await care?.[Symbol.asyncDispose]();
    await store?.[Symbol.asyncDispose]();
  }

  async #init(): Promise<StoreFacts> {
    {
      using _turn = await this.#opening.acquire();
      await ChunkStore.init(this.#settings, this.#surroundings);
    }
    return (await this.#open()).facts;
  }

  async #open(): Promise<ChunkStore> {
    if (this.#store !== undefined) return this.#store;
    using _turn = await this.#opening.acquire();
    const store = (this.#store ??= await ChunkStore.open(this.#settings, this.#surroundings));
    if (this.#care === undefined) {
      this.#care = new StoreCare({ settings: this.#settings, domains: () => store.domains.values() });
      // What was forgotten shortly before the end, or what a crash left: nobody else would ask for it.
      this.#care.collectSoon(AFTER_OPENING_MS);
    }
    return store;
  }

  async #caring(): Promise<StoreCare> {
    await this.#open();
    return must(this.#care, "an open store has its care");
  }

  /** The store, which a job opened when it began. */
  get #opened(): ChunkStore {
    if (this.#store === undefined) throw new OperatorError("CANCELED", "the store of chunks was closed");
    return this.#store;
  }
}
