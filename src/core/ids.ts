/**
 * A member's identity: random, created together with its database and stored in it.
 * A display name is never an identity (design, section 4).
 */
export type MemberId = string & { readonly __brand: 'MemberId' };

/** Names a client operation on the node that received it. Unique across that node's restarts. */
export type RequestId = number;
