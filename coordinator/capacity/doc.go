// Package capacity decides how many pods there should be and how much is let in, as
// a fold of samples of the queue.
//
// It is pure: samples in, decisions out; it reads no clock. The same samples give
// the same decisions and the same state byte for byte. It starts and stops nothing:
// an actuator is told how many pods are wanted, and what came of that shows in the
// next samples.
//
// Up is fast and bounded, down is slow: the number wanted rises with the demand, by
// some pods at a time, and falls only to the most that any moment of a window
// wanted. So a load that comes and goes does not make pods come and go. Without
// samples nothing is known, and nothing is changed but that less is let in.
package capacity
