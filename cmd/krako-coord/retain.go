package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/spf13/pflag"
)

// retainSettings is how much of the log is kept.
type retainSettings struct {
	age     time.Duration
	records uint64
	// grace is how long blocks stay that nobody names.
	grace time.Duration
}

// Below these bounds a fabric would let go of what people still look at.
const (
	leastAge     = time.Hour
	leastRecords = 100_000
	// leastGrace leaves a client time to hand in a graph behind its blocks.
	leastGrace = 10 * time.Minute
)

func (r *retainSettings) flags(fs *pflag.FlagSet) {
	fs.DurationVar(&r.age, "retain", 0, "let go of records of the log that are older, such as 720h, unless something still needs them; 0 keeps all")
	fs.Uint64Var(&r.records, "retain-records", 0, "let go of the oldest records while there are more, unless something still needs them; 0 keeps all")
	fs.DurationVar(&r.grace, "block-grace", coordinator.DefaultConfig().BlockGrace, "let go of blocks that no record, listed result or task names and that nobody handed in for so long; 0 keeps all")
}

func (r *retainSettings) validate(sharedLog string) error {
	var errs []error
	if r.age != 0 && r.age < leastAge {
		errs = append(errs, fmt.Errorf("--retain is %s, must be 0 or at least %s", r.age, leastAge))
	}
	if r.records != 0 && r.records < leastRecords {
		errs = append(errs, fmt.Errorf("--retain-records is %d, must be 0 or at least %d", r.records, leastRecords))
	}
	if r.grace != 0 && r.grace < leastGrace {
		errs = append(errs, fmt.Errorf("--block-grace is %s, must be 0 or at least %s", r.grace, leastGrace))
	}
	if sharedLog != "" && (r.age != 0 || r.records != 0) {
		errs = append(errs, errors.New("--retain and --retain-records are for the log in the data directory: one on NATS servers keeps every record"))
	}
	return errors.Join(errs...)
}

func (r *retainSettings) policy() coordinator.Retention {
	return coordinator.Retention{Age: r.age, Records: eventlog.Offset(r.records)}
}
