// Package ir reads KORA Task IR 0.1, and typed node bindings beside it, and makes
// the contract's TaskGraph of them.
//
// What upstream's executor decided while it ran becomes units and edges here, all
// of them before anything runs: a retry is a second unit behind the failure of the
// first, skip_if a guard, adaptive escalation a chain of calls with a verdict
// between each two. So a model is never called that the graph does not name, and
// the same document, input and options give the same graph.
//
// Handlers run as tasks of the catalogue; their rules and schemas are checked by
// the backend. What a pure graph cannot do is refused by name: reading and
// writing files, asking a person. Estimates that upstream learnt from earlier runs
// (the cost of a stage that names none) are taken as 1, and what its retrieval
// store held is given by the caller.
package ir
