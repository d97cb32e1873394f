// Package accesslog summarises web-server access logs by map and reduce: Map
// turns one chunk of a log into a partial, Reduce merges any number of partials
// into a report. Every figure of the report is exact, and a line that cannot be
// parsed is counted and shown, never dropped.
//
// Map's memory is bounded by the distinct values of its chunk. Reduce's is
// bounded by the number of partials alone: partials are sorted, and it reads
// them side by side. The package promises no state between calls, no clock and
// no goroutine.
package accesslog
