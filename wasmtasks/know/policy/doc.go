// Package policy decides what a JSON document may do, by rules that are JSON
// themselves. The language is small and total: an expression ends after as many
// steps as it has parts, times the elements that it goes over, and has one of three
// values. What an expression asks of a member that is not there, or of a value of
// another type, is unknown, and not, all and any treat unknown as Kleene's logic
// does.
//
// The rules fail closed: an unknown condition denies and obliges, and never
// allows. The package promises no more expressive power than that: no variables,
// no arithmetic, no calls.
//
// Expressions are true, false, or an object with one member:
//
//	{"all": [e, …]}  {"any": [e, …]}  {"not": e}
//	{"eq": [v, v]} ne             any JSON values, by value
//	{"lt": [v, v]} le gt ge       two numbers or two strings, by code point
//	{"in": [v, list]}             whether an element equals v
//	{"has": [list, v]}            the same the other way round
//	{"starts": [s, s]} ends contains
//	{"matches": [s, "RE2"]}
//	{"cidr": [address, prefix]}   whether an IP address is in a network
//	{"exists": place}             whether a place has a value; never unknown
//	{"some": [list, e]} every     whether e holds for some or every element
//
// A value v is a JSON literal; a place, {"at": "/json/pointer"} in the input or
// {"item": "/json/pointer"} in the element that the innermost some or every is at;
// {"size": v} of a list, object or string in code points; or {"value": literal}
// for an object that would be taken for one of these.
package policy
