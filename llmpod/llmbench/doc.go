// Package llmbench measures pods beside the llama-server that they run, in one
// run on one machine: what Krako adds to the time to the first token, between
// tokens and to throughput; what routing and parking save; and whether sessions
// are apart and answers the same.
//
// Comparisons take turns, so that what else the machine does hits both sides.
// What goes through gateway, coordinator and pod are real processes; parking,
// probes and replay use a pod's pool in this process, on a real server.
//
// The model of the comparisons is slow enough that what is around it can be seen.
// Where a bar is on what waits for a server's steps, the model is as fast as the
// bars allow a slot on this machine, 200 tokens a second.
//
// The models are made on the spot and talk nonsense. Nothing here says how well a
// trained model or a GPU does.
package llmbench
