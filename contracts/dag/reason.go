package dag

import "github.com/krako-labs/krako/contracts"

// ReasonOf returns the stop reason of a unit that ended with an error code
// (CONTRACTS section 8). It is retry_exhausted instead when a backend gave up
// after several attempts.
func ReasonOf(c contracts.Code) contracts.StopReason {
	switch c {
	case contracts.CodeOutOfFuel, contracts.CodeBudgetExceeded:
		return contracts.StopBudgetExhausted
	case contracts.CodeTimeout:
		return contracts.StopTimeout
	case contracts.CodeValidation, contracts.CodeSchemaMismatch:
		return contracts.StopValidationFailed
	case contracts.CodeTrap, contracts.CodeExitNonzero, contracts.CodeOutOfMemory, contracts.CodeStackOverflow, contracts.CodeBadOutput:
		return contracts.StopExecutionFailed
	}
	return contracts.StopSubstrateFailure
}
