// Package sandboxbench measures the sandbox beside the bare engine: the same
// modules, in the same run, once under every rule of the profile and once
// without any. It is the one place outside the sandbox itself that uses the
// engine, because a figure says little without the one it is compared with.
//
// Every figure is the median over rounds that take turns, so that what else the
// machine does falls on all of them alike, and is CPU time of the measuring
// thread where the system tells it. The package promises nothing about figures
// of two machines, or of one in two states.
package sandboxbench
