//go:build !unix

package billing

import "time"

func processorTime() time.Duration { return 0 }
