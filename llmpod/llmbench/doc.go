// Package llmbench measures pods beside the llama-server that they run, in one
// run on one machine: what Krako adds to the time to the first token, between
// tokens and to throughput; what routing and parking save; and whether sessions
// are apart and answers the same.
//
// Comparisons take turns, so that what else the machine does hits both sides.
// What goes through gateway, coordinator and pod are real processes; parking,
// probes and replay use a pod's pool in this process, on a real server.
//
// The models are made on the spot and talk nonsense. Nothing here says how well a
// trained model or a GPU does.
package llmbench
