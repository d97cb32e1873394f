// Package obs is the one door to Prometheus and to OpenTelemetry: figures of a
// program become metrics, and the records of what it did become traces.
//
// Programs do not count through this package. They keep plain numbers, which are
// read when somebody asks, so that nothing on a busy path knows that it is
// watched. Labels have few values, all known beforehand; no tenant, session,
// unit or node is one.
package obs
