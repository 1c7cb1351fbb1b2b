// What a service says when it has been called.

/**
 * `done`: go on behind the stub. `wait`: not yet; halt until an interrupt comes, or the drive that is waited for has
 * answered, and call again. `again`: call again at once. `away`: the service has set CS and IP itself.
 */
export type Outcome = 'done' | 'wait' | 'again' | 'away';
