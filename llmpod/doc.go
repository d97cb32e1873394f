// Package llmpod runs model invocations on llama-servers and joins a coordinator
// with them: the pod, as package node is the CPU node.
//
// A Pool is one model with its broker of slots: it renders an invocation
// (package render), counts it by the server's own tokenizer, waits for a slot,
// streams the answer, checks it against the schema, asks once more if it is
// wrong, and says what that took. An Agent holds the work stream: it takes llm
// units and nothing else, sends tokens as they come, and signs results.
//
// Promises: no owner of a slot starts from another's tokens; a unit that ends,
// however it ends, has freed its slot; token counts are the server's; nothing a
// caller sent is passed on to a server but as text that cannot be read as
// control tokens; nothing of a prompt or an answer is logged. Not promised: that
// an answer is true, or that two models agree.
package llmpod
