package sandbox

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// Conforms says what is wrong with an outcome that came from elsewhere, such as
// a process that a guest may have taken over; "" if a job with this fuel and
// memory could have had it. Whether it is the true one takes running the job.
func (o *Outcome) Conforms(fuel uint64, pages uint32) string {
	switch {
	case o.FuelUsed > fuel || o.Code == contracts.CodeOutOfFuel && o.FuelUsed != fuel:
		return fmt.Sprintf("%s with %d units of fuel of %d", o.Code, o.FuelUsed, fuel)
	case o.MemoryPages > pages:
		return fmt.Sprintf("%d pages of memory of %d", o.MemoryPages, pages)
	case o.Code != "" && !o.Code.Deterministic():
		return fmt.Sprintf("code %.40q, which no guest ends with", o.Code)
	case o.Code != "" && (len(o.Output) > 0 || o.MediaType != ""):
		return "a failure with an output"
	case o.Code == "" && (!validMediaType(o.MediaType) || len(o.Output) > DefaultMaxOutput):
		return fmt.Sprintf("%d bytes of output of type %.40q", len(o.Output), o.MediaType)
	}
	return ""
}
