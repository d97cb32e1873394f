package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// The exit codes of every command.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitBudget      = 3
	ExitInvalid     = 4
	ExitUnavailable = 5
)

// UsageError marks an error of how a command was called.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// ExitCode returns the exit code that err stands for.
func ExitCode(err error) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return ExitOK
	}
	if _, ok := errors.AsType[*UsageError](err); ok {
		return ExitUsage
	}
	e, ok := errors.AsType[*contracts.Error](err)
	if !ok {
		return ExitFailed
	}
	switch e.Code {
	case contracts.CodeValidation, contracts.CodeSchemaMismatch, contracts.CodeUnsupported, contracts.CodeVersionMismatch:
		return ExitInvalid
	case contracts.CodeBudgetExceeded, contracts.CodeOutOfFuel:
		return ExitBudget
	case contracts.CodeNetwork, contracts.CodeRegionUnavailable, contracts.CodeModelUnavailable, contracts.CodeRateLimited, contracts.CodeResourceExhausted:
		return ExitUnavailable
	}
	return ExitFailed
}

// Report prints err for a person and returns the exit code. command is the program's
// name and the commands below it that were given.
func Report(w io.Writer, command string, err error) int {
	code := ExitCode(err)
	if code != ExitOK {
		program, _, _ := strings.Cut(command, " ")
		fmt.Fprintf(w, "%s: %v\n", program, err)
	}
	if code == ExitUsage {
		fmt.Fprintf(w, "Run '%s --help' for how to use it.\n", command)
	}
	return code
}
