// Package access decides who may do what: API keys, what they allow, and how
// much each tenant may use.
//
// It is a pure fold. A Book is what the facts of the log amount to; asked for a
// change it answers with the Fact to append, and changes only when that fact is
// applied. Randomness, time and the log are the caller's. Secrets are not kept:
// a fact holds an argon2id hash of one.
//
// Tokens have no ambient authority: whoever does not present one is nobody, and
// the zero Caller may do nothing and sees nothing.
package access
