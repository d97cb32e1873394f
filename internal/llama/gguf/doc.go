// Package gguf writes small llama models in the GGUF format (version 3) and
// reads the headers of others.
//
// What it writes exists so that a real llama-server has something to serve in
// tests, benchmarks and first steps without a download: a valid model with
// tokenizer, chat template and weights drawn from a seed, the same bytes on
// every machine. Such a model talks nonsense and promises nothing else.
//
// What it reads is the header, which is untrusted: servers were seen to abort
// on some shapes, so a pod inspects a file before it starts a server on it. It
// reads no weights and promises not that a server will accept them.
//
// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package gguf
