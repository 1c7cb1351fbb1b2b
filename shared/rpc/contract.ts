// What a contract is: a value with one entry per call and per event, each with the parsers for what crosses the
// boundary. Client type, handler type, validation and names all come from it. Not the transport: see channel.ts.

/** A zod schema is one. */
export interface Parser<T> {
  parse(value: unknown): T;
}

export interface Call<I = unknown, O = unknown> {
  readonly input: Parser<I>;
  readonly output: Parser<O>;
}

export interface Contract {
  readonly calls: Readonly<Record<string, Call>>;
  /** Sent by the serving side to the calling side. */
  readonly events: Readonly<Record<string, Parser<unknown>>>;
}

export type CallName<C extends Contract> = keyof C['calls'] & string;
export type EventName<C extends Contract> = keyof C['events'] & string;
export type InputOf<C extends Contract, K extends CallName<C>> =
  C['calls'][K] extends Call<infer I, unknown> ? I : never;
export type OutputOf<C extends Contract, K extends CallName<C>> =
  C['calls'][K] extends Call<unknown, infer O> ? O : never;
export type EventOf<C extends Contract, E extends EventName<C>> =
  C['events'][E] extends Parser<infer P> ? P : never;

/** Calls without input are written `call('app.info')`. */
export type Arguments<I> = undefined extends I ? [input?: I] : [input: I];

export interface Client<C extends Contract> {
  /** Rejects with a FailureError. */
  call<K extends CallName<C>>(name: K, ...input: Arguments<InputOf<C, K>>): Promise<OutputOf<C, K>>;
  /** Returns the function that stops listening. */
  on<E extends EventName<C>>(name: E, handler: (payload: EventOf<C, E>) => void): () => void;
  onClose(handler: () => void): void;
}

/** A handler of a call without output need not return anything. */
// biome-ignore lint/suspicious/noConfusingVoidType: a return type, where void is meant
type Answer<O> = undefined extends O ? O | void : O;

export type Handlers<C extends Contract> = {
  readonly [K in CallName<C>]: (
    input: InputOf<C, K>,
  ) => Answer<OutputOf<C, K>> | Promise<Answer<OutputOf<C, K>>>;
};

export interface Server<C extends Contract> {
  emit<E extends EventName<C>>(name: E, payload: EventOf<C, E>): void;
  dispose(): void;
}
