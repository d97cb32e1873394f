// Package kora is the control plane: it turns a message into an immutable
// TaskGraph, has a backend run it, and says how the answer came about. What can
// be computed is computed; a model is asked only by a unit that says so.
//
// An Engine decides what and why, a backend where and how. The engine adds
// nothing to a graph once it is made, never raises a budget, and calls no model
// itself: every model call is a unit of the graph and stands in its telemetry.
package kora
