// Package residence decides which of a pod's models are loaded, as a pure state
// machine: what is loaded on demand, what goes when nobody asks for it, and in
// which order requests for models that do not fit together are let in.
//
// It promises:
//
//   - no more models are loaded than fit, those on their way out counted;
//   - a model goes only when no request of it runs;
//   - requests for what is loaded go before older ones for what is not, so that two
//     models do not change places with every request, but for no longer than a
//     turn: then what is loaded takes no more, ends what it has, and makes room.
//
// It knows no server, no goroutine and no clock: times are given to it.
package residence
