// Package openai serves a KORA by OpenAI's HTTP API, so that programs written for
// that API use it as they are: models, chat completions, responses and embeddings,
// streamed or not. Paths of upstream's KORA (/execute, /models, /health,
// /telemetry/RUN) lead to the same runs.
//
// Two models are KORA itself: krako-auto computes what it can and asks a model for
// the rest, krako-det never asks one and says in a refusal what it cannot answer. A
// model of this machine is asked directly by its own name. What Krako adds stands in
// one member, "krako", of a response or of the last chunk of a stream; usage counts
// real tokens of models and is 0 where none was asked.
//
// It serves one user: runs and responses are kept in memory, within bounds, and are
// gone with the process. Who may ask is the caller's to check (internal/guard). Audio,
// images, files, log-probabilities and more than one choice are refused, not ignored;
// other fields that it does not know are ignored.
package openai
