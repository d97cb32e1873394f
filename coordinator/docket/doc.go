// Package docket keeps the cases of verification: results that are signed and not
// final. It is the fold of what the log says of them into verify.Core, which
// judges, and into a list of what is to be done about each case: which result is
// right, who has still to be asked.
//
// A Docket changes by Fold alone, in the order of the log, so that the one of a
// coordinator that runs and the one that is rebuilt after a restart are the same.
// What it wants is compared with what is, and done until they agree; a wish is
// taken back by the record of its fulfilment and by nothing else.
//
// The package is pure. It places nothing, ends no unit and signs nothing.
package docket
