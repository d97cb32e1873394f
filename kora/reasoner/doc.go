// Package reasoner asks models that run on this machine: llama.cpp's
// llama-server, Ollama and LM Studio. It is what answers the llm units of a local
// KORA.
//
// It hides what differs between the three: where they are found, how they list
// models, the form in which they stream, name limits, take a schema, count tokens
// and report errors. Every answer is streamed, for only then does a server notice
// that nobody listens any more. A stream without its last event is a failure, an
// answer that is longer than asked for is cut off here, and a document is checked
// against its schema here, whatever the server promised.
//
// Nothing leaves this machine unless an endpoint says so: an address that is not
// loopback must be allowed by name, and units that are local_only are not sent to
// it even then. Nothing is retried that the caller does not know of: every time a
// model is asked is counted in the answer, in Asked, and in the telemetry of the
// run. What is sent is built field by field, by the rules of docs/spec/llm-1.md as
// far as these servers let one; which tokens a text becomes, and which slot it runs
// in, is the server's choice, so that two answers of one model may differ.
package reasoner
