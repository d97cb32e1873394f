// Package dag is the execution semantics of a TaskGraph as a pure core: which
// unit may run when, what its input is, what the end of one unit does to the
// others, and how the graph as a whole ended.
//
// Every backend decides these questions through this package, so that one
// graph has one meaning everywhere (CONTRACTS sections 3, 5 and 6). A backend
// adds only where and how: placement, leases, retries, verification.
//
// The rules, each with a transcript in testdata:
//
//  1. A unit is decided once, when all its dependencies are final.
//  2. A dependency that failed fails its dependents with dependency_failed,
//     unless the dependent tolerates it: it has a when edge on it that looks at
//     failure (failure, schema_mismatch, always) and binds nothing from it.
//  3. A unit with when edges runs if any of them holds and is skipped otherwise.
//     A skipped dependency fails nobody; what is bound from it is null, or no
//     blob.
//  4. Under fail_fast the failure of a critical unit that no dependent
//     tolerates cancels every unit that is not final. Under continue_on_error
//     nothing is cancelled.
//  5. The graph has completed when every unit is final, no rule-4 failure
//     happened, and one of the final outputs' units succeeded.
//
// Nothing here does I/O, reads a clock or is safe for concurrent writes.
package dag
