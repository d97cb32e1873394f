// Package llama is Krako's only door to llama.cpp's llama-server: a client for
// the part of its API that Krako uses. Package server below it runs one.
//
// What reaches a server is built here field by field: prompts as token ids or as
// text whose control tokens the caller answers for, the slot that the caller owns, sampling, stop sequences, a schema. Nothing that a
// user sent is passed on as it came. Generation is always streamed, because a
// server notices that nobody listens any more only then; text and token counts
// are the server's own.
//
// The package does not queue, does not choose slots and does not render
// evidence: that is the pod's part (package llmpod). It takes no server's word
// for the size of an answer.
//
// Errors are *contracts.Error: CONTEXT_OVERFLOW, MODEL_UNAVAILABLE while a model
// loads or nobody listens, RESOURCE_EXHAUSTED, VALIDATION_ERROR, UNSUPPORTED,
// AUTH_ERROR, TIMEOUT when a deadline between tokens passed, NETWORK_ERROR when
// an answer broke off, INTERNAL for whatever else a server says.
package llama
