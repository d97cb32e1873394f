// Package volunteer decides when a node may work and how much: the rules of the
// person who lends the machine, applied to what is known of it at a moment. It is
// pure: no clock, no sensors, no state but what its caller hands back to it.
//
// What is not known is never guessed. A rule that somebody asked for and that
// cannot be judged pauses the node and says so; whether a machine that tells
// nothing about power runs on battery is the one exception, because the rule is
// on for everybody and most machines without a battery say nothing.
//
// The package promises nothing about how soon or how hard a decision takes
// effect, and it does not know what the work is.
package volunteer
