package contracts

// StopReason says why a unit or session ended (CONTRACTS section 8). The set
// is closed.
type StopReason string

// The stop reasons.
const (
	StopSuccess            StopReason = "success"
	StopValidationFailed   StopReason = "validation_failed"
	StopTimeout            StopReason = "timeout"
	StopBudgetExhausted    StopReason = "budget_exhausted"
	StopDependencyFailed   StopReason = "dependency_failed"
	StopRetryExhausted     StopReason = "retry_exhausted"
	StopExecutionFailed    StopReason = "execution_failed"
	StopSubstrateFailure   StopReason = "substrate_failure"
	StopVerificationFailed StopReason = "verification_failed"
	StopAdmissionRejected  StopReason = "admission_rejected"
	StopCancelled          StopReason = "cancelled"
	StopSkipped            StopReason = "skipped"
)

// FailureClass is KORA's coarser view of a stop reason.
type FailureClass string

// The failure classes.
const (
	ClassNone       FailureClass = ""
	ClassValidation FailureClass = "VALIDATION_ERROR"
	ClassTimeout    FailureClass = "TIMEOUT"
	ClassBudget     FailureClass = "BUDGET_BREACH"
	ClassDependency FailureClass = "DEPENDENCY_FAILURE"
	ClassExecution  FailureClass = "EXECUTION_FAILURE"
)

var stopClasses = map[StopReason]FailureClass{
	StopSuccess:            ClassNone,
	StopValidationFailed:   ClassValidation,
	StopTimeout:            ClassTimeout,
	StopBudgetExhausted:    ClassBudget,
	StopDependencyFailed:   ClassDependency,
	StopRetryExhausted:     ClassExecution,
	StopExecutionFailed:    ClassExecution,
	StopSubstrateFailure:   ClassExecution,
	StopVerificationFailed: ClassExecution,
	StopAdmissionRejected:  ClassExecution,
	StopCancelled:          ClassNone,
	StopSkipped:            ClassNone,
}

// Valid reports whether r belongs to the closed set.
func (r StopReason) Valid() bool { _, ok := stopClasses[r]; return ok }

// Class returns KORA's failure class of r, ClassNone for those that are none.
func (r StopReason) Class() FailureClass { return stopClasses[r] }
