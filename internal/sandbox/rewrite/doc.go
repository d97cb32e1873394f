// Package rewrite admits a WebAssembly module to profile det-1 and makes it
// metered and deterministic by rewriting its bytes, once.
//
// The engine we run guests on has no fuel, bounds the stack only outside the
// guest's view, leaves NaN bits to the processor and miscompiles integer
// remainder on one architecture. All four are settled here, in the module
// itself, so that every engine computes the same thing:
//
//   - fuel is charged per straight-line run of instructions and checked at
//     function entry, at every loop head, before every operation whose work its
//     operands decide and on return from functions with much left to do then;
//   - every call is charged against a budget of stack units, which ends before
//     the engine's stack does;
//   - every float operation that can make a NaN makes the canonical one;
//   - integer remainder is computed by division, multiplication, subtraction;
//   - active data segments are merged, custom sections dropped, and everything
//     that is kept is written anew in its shortest encoding, so that no two
//     decoders can disagree about what the bytes mean.
//
// The rules are docs/spec/det-1-metering.md; Version names them, and equal
// input and Options give equal bytes under one Version.
//
// The package does not type-check function bodies: the engine does, on the
// rewritten module. What is inserted never changes the types on the operand
// stack, and every index is checked against the guest's own index spaces, so an
// ill-typed body stays ill-typed and no body can name what was added. The
// package knows no engine, runs nothing and keeps no state; its functions may
// be called concurrently.
package rewrite
