// Package referee says which answers of models may be compared, and what follows.
// It is pure: it runs nothing and knows no clock.
//
// Within one determinism class that replays, two honest pods give the same bytes:
// an answer that comes out differently a second time shows that one of the two is
// not what it says. Which of them it was it does not show. So what comes of it is
// evidence, for or against a pod's reliability, and no conviction; and across
// classes nothing is compared byte for byte at all.
package referee
