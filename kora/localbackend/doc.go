// Package localbackend runs graphs in this process, through the sandbox that
// nodes run units in. A graph leaves the same behind here as on a fabric: the
// same answers, result blocks, stop reasons and order of events; the suite in
// contracts/conformance holds both to it.
//
// Llm units are answered by the models of this machine, if it was given any, and
// refused if not: it makes no other model call than those that a graph declares,
// and its telemetry counts every one that was made. Nothing it keeps outlives the
// process but the blocks, for which it is given a store; whoever needs sessions
// that survive a crash, or machines beyond this one, uses a coordinator. Guests
// run in this process: it is for one's own tasks and those of people one trusts.
package localbackend
