// Package smallmodel is a text classifier that is trained and applied in the
// sandbox: multinomial logistic regression on hashed words, pairs of words and
// runs of letters (after Joulin et al., "Bag of Tricks for Efficient Text
// Classification"), a few megabytes, no dependency. Its confidence is a
// calibrated probability, and below a threshold, chosen on held-out examples for
// the precision that was asked for, it abstains.
//
// Training is a function of its input: examples, options and seed give the same
// bytes on every machine, natively and in the sandbox. The package promises no
// more of a model than its report says, and that of texts like the examples only.
package smallmodel
