// Package worker runs units of the sandbox for a node: in processes of their
// own, or in this one. Both ways are a Runner.
//
// A guest that runs in this process can hold up its garbage collector, and a
// fault of the compiler that let it escape would own this process and its keys.
// Processes therefore starts worker processes, one for each slot, and feeds them
// over pipes: modules are compiled in a process that ends with its verdict, units
// run in others that have nothing but a read-only directory of compiled code,
// the blocks of their units, and what package confine leaves them. A worker that
// overruns a deadline, outgrows its memory, breaks the protocol or dies is killed
// and replaced; nothing it does ends this process. So is one whose task is to end
// before its time. InProcess runs the same units
// under the same deadlines and pauses without that protection.
//
// It lives below internal/sandbox and not in the node because whoever runs
// strangers' modules needs it, not nodes alone.
//
// The package promises no more than package confine about what an escaped guest
// could reach, and it cannot tell whether a worker's outcomes are true: whoever
// must know compares them with another machine's. It retries nothing: a task
// whose worker died is given back with a DeathError for the caller to decide.
//
// # The protocol
//
// 1. Both directions are made of frames: a length of 4 bytes, big-endian, that
// counts what follows it, a kind of 1 byte, a body. Numbers in bodies are
// unsigned varints, strings and byte strings are a length and as many bytes,
// CIDs are the byte strings of their binary form. The agent trusts no frame of a
// worker: what is longer, otherwise formed or out of place ends the worker.
//
// 2. The agent sends setup (1), strict DAG-CBOR, and the worker answers ready
// (65), which tells what it is confined by.
//
// 3. A worker for admission is sent one module (7) and answers verdict (67).
//
// 4. A worker for units is sent blocks (3), which it keeps until drop (4), and
// batches (2) of tasks, one batch at a time. Which blocks a worker has is the
// agent's to know: a task that names another is a fault of the agent. The worker
// runs the tasks in their order and answers results (66), any number to a frame,
// one for each task. When a task has run for ten milliseconds those behind it are
// sent back as not run, so that they can run elsewhere, and running (68) tells the
// agent of it.
//
// 5. cancel (5) ends a task that has not begun. A task that runs is ended by its
// process's end, at its deadline or when it is cancelled: guests of a worker look
// up for nobody, which makes them quicker by a tenth (docs/adr/0031). To pause a
// worker, or to let it work for a share of the time, the agent has the system stop
// it and let it go on.
//
// 6. A worker ends when its input does.
//
// Blocks travel through the pipe and are kept on the other side, up to a bound:
// 64 KiB cost 41 µs of processor time in both processes, 1 MiB 0.54 ms. Reading
// them from the agent's cache through a directory descriptor cost 27 µs and
// 0.33 ms, and would show every block of the cluster to every guest that escaped.
package worker
