// Package e2e tests Krako as a user has it: the real binaries as processes of
// their own, found and driven as the README says. It holds no code but tests.
package e2e
